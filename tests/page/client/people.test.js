import assert from "node:assert/strict";
import { test } from "node:test";
import { findPerson, knownPeople, suggestPeople } from "../../../static/client/people.js";

const people = [
  { user: "aad:1", name: "Zoë Díaz" },
  { user: "aad:2", name: "Ana-Maria Ödberg" },
  { user: "aad:3", name: "Bo" },
  { user: "aad:4", name: "Bo" },
  { user: "dee", name: "dee" },
];
const room = (users, entries = [], other = "") => ({
  roster: { users: new Set(users) },
  entries: new Map(entries.map((entry, index) => [index, entry])),
  other,
});

test("suggestions begin with the text in any word, without letter case and accents; whole names come first", () => {
  const names = (text) => suggestPeople(text, people, 3).map(({ name }) => name);
  assert.deepEqual(names("d"), ["dee", "Zoë Díaz"]);
  assert.deepEqual(names("zoe"), ["Zoë Díaz"]);
  assert.deepEqual(names("@od"), ["Ana-Maria Ödberg"]);
  assert.deepEqual(names("maria"), ["Ana-Maria Ödberg"]);
  assert.deepEqual(names("(.*"), []);
  assert.equal(names("").length, 3);
});

test("a person is named by the id, or by a name that nobody else has", () => {
  assert.deepEqual(findPerson(" @dee ", people), { user: "dee" });
  assert.deepEqual(findPerson("aad:4", people), { user: "aad:4" });
  assert.deepEqual(findPerson("zoe diaz", people), { user: "aad:1" });
  assert.match(findPerson("bo", people).error, /^2 people are called bo/);
  assert.match(findPerson("Bo", people).error, /^2 people are called Bo/);
  assert.deepEqual(findPerson("somebody new", people), { user: "somebody new" });
  assert.ok(findPerson(" @ ", people).error);
});

test("people of the current room come first; the user, reminders and notices are nobody to talk with", () => {
  const spoken = [
    { user: "el", from: "el" },
    { user: "fay", from: "reminder", kind: "reminder" },
    { event: "notice", message: "hello" },
  ];
  const current = room(["me", "bo"], spoken);
  const rooms = new Map([
    ["far", room(["cy", "bo"])],
    ["~d", room([], [], "dee")],
    ["here", current],
  ]);
  const chat = { me: "me", room: current, rooms, nameOf: (user) => user.toUpperCase() };
  assert.deepEqual(
    knownPeople(chat).map(({ user }) => user),
    ["bo", "el", "cy", "dee"],
  );
  assert.equal(knownPeople(chat)[0].name, "BO");
});
