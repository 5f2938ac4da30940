import assert from "node:assert/strict";
import test from "node:test";
import { cpuMilliseconds } from "../cpu.js";
import { findMentions, matchPeople, mentionedUsers, nameBeingTyped } from "../../../static/client/mentions.js";
import { createRandom } from "./random.js";

const names = new Map([
  ["ana", "ana"],
  ["ana-maria", "ana-maria"],
  ["x1", "Zoë van Dam"],
  ["x2", "李"],
]);

const marked = (text) => findMentions(text, names).map(({ start, end, user }) => [text.slice(start, end), user]);

test("a mention is an @ and the whole name of a user, the longest that fits", () => {
  assert.deepEqual(marked("@ana, tell @ana-maria and @Zoë van Dam: @李!"), [
    ["@ana", "ana"],
    ["@ana-maria", "ana-maria"],
    ["@Zoë van Dam", "x1"],
    ["@李", "x2"],
  ]);
  assert.deepEqual(marked("(@ana) @ana's @ana."), [
    ["@ana", "ana"],
    ["@ana", "ana"],
    ["@ana", "ana"],
  ]);
});

test("an address, a longer name, another case and a doubled mark are no mentions", () => {
  assert.deepEqual(marked("me@ana.example @anabel @Ana @@ana @ana_x @ana-x @"), []);
  assert.deepEqual(marked("_@ana_"), [["@ana", "ana"]]);
});

test("of two users with one name the first one of the map is meant", () => {
  const twins = new Map([
    ["b2", "Bo"],
    ["b1", "Bo"],
  ]);

  assert.deepEqual(mentionedUsers("@Bo and @Bo", twins), ["b2"]);
});

test("a message mentions at most ten users", () => {
  const many = new Map(Array.from({ length: 30 }, (_, index) => [`u${index}`, `user${index}`]));

  assert.equal(mentionedUsers([...many.values()].map((name) => `@${name}`).join(" "), many).length, 10);
});

test("whatever the text is, mentions are in order, do not overlap, and begin with an @", () => {
  const random = createRandom(7);
  const pieces = ["@", "@@", "ana", "ana-maria", " ", "-", "Zoë van Dam", "\n", "李", "x", "_", "😀"];
  for (let round = 0; round < 500; round += 1) {
    const text = Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    let last = 0;
    for (const { start, end, user } of findMentions(text, names)) {
      assert.ok(start >= last && end <= text.length);
      assert.equal(text.slice(start, end), `@${names.get(user)}`);
      last = end;
    }
  }
});

test("a hostile text of the greatest length is searched in a moment", () => {
  const many = new Map(Array.from({ length: 200 }, (_, index) => [`u${index}`, `${"a".repeat(60)}${index}`]));

  const spent = cpuMilliseconds(() => {
    findMentions("@".repeat(4096), many);
    findMentions(" @aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".repeat(128), many);
  });

  assert.ok(spent < 1000, `${spent} ms`);
});

test("the name that is being typed is what stands between an @ and the caret", () => {
  assert.deepEqual(nameBeingTyped("hi @an", 6), { start: 3, query: "an" });
  assert.deepEqual(nameBeingTyped("@Zoë v", 6), { start: 0, query: "Zoë v" });
  assert.deepEqual(nameBeingTyped("hi @", 4), { start: 3, query: "" });
  assert.deepEqual(
    [nameBeingTyped("me@an", 5), nameBeingTyped("@ana\nx", 6), nameBeingTyped("@ x", 3), nameBeingTyped("@ana", 0)],
    [undefined, undefined, undefined, undefined],
  );
});

test("people are found by the beginning of any word of their name, without case and accents, in their order", () => {
  const people = ["Bo Dam", "Zoë van Dam", "damian", "Adam"].map((name) => ({ name }));
  const found = (query) => matchPeople(query, people).map(({ name }) => name);

  assert.deepEqual(found("dam"), ["damian", "Bo Dam", "Zoë van Dam"]);
  assert.deepEqual(found("ZOE"), ["Zoë van Dam"]);
  assert.deepEqual(found("van d"), ["Zoë van Dam"]);
  assert.deepEqual(found("zzz"), []);
  assert.equal(found("").length, 4);
});
