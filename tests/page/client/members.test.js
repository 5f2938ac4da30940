import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, createRoom } from "../../../static/client/index.js";
import { canActOn, canChangeMessage, canGiveRoles, canModerate } from "../../../static/client/members.js";
import { at, joined } from "./frames.js";

const news = (event, user, second) => ({ type: "system", event, user, room: "lobby", message: "", at: at(second) });
const roster = (users, second, count = users.length) => {
  return { type: "roster", room: "lobby", users, count, head: 0, first: 1, at: at(second) };
};
const people = (...frames) => {
  const room = createRoom("lobby");
  for (const frame of frames) applyFrame(room, frame, "ana", 0);
  return [room.roster.count, ...[...room.roster.users].sort()];
};

test("the roster follows who joins and leaves, each once", () => {
  const first = joined([], { users: ["ana", "bo"], count: 2 });

  assert.deepEqual(
    people(first, news("joined", "cy", 1), news("joined", "cy", 2), news("left", "bo", 3), news("left", "bo", 4)),
    [2, "ana", "cy"],
  );
});

test("news that are older than what the server said change nothing", () => {
  assert.deepEqual(people(roster(["ana"], 10), news("joined", "bo", 9), news("left", "ana", 10)), [1, "ana"]);
  assert.deepEqual(people(roster(["ana"], 10), news("joined", "bo", 11)), [2, "ana", "bo"]);
});

test("the later of two news of a person counts, whatever came first", () => {
  assert.deepEqual(people(roster(["ana"], 1), news("left", "bo", 5), news("joined", "bo", 4)), [1, "ana"]);
});

test("news that are later than an answer stay when the answer comes", () => {
  const frames = [roster(["ana"], 1), news("joined", "bo", 5), news("left", "ana", 2)];

  assert.deepEqual(people(...frames, roster(["ana", "cy"], 3)), [3, "ana", "bo", "cy"]);
});

test("an answer that is older than the last one is ignored", () => {
  assert.deepEqual(people(roster(["ana", "bo"], 5), roster(["ana"], 4)), [2, "ana", "bo"]);
});

test("people whom the server does not list are counted", () => {
  const users = Array.from({ length: 100 }, (_, index) => `user${index}`);

  assert.equal(people(roster(users, 1, 120), news("left", "somebody else", 2))[0], 119);
  assert.equal(people(roster(users, 1, 120), news("joined", "one more", 2))[0], 121);
  assert.equal(people(roster(users, 1, 100), news("left", "somebody else", 2))[0], 100);
});

const AT = "2026-01-31T12:00:00.000Z";
const JOINED = {
  type: "joined", room: "design", user: "bo", users: ["bo"], count: 1, at: AT, admin: false, messages: [], before: null,
  complete: true, head: 5, first: 1, read: 0, unread: 0, role: "member", closed: true, slow: 30, pinned: ["m1"],
}; // prettier-ignore

function joinedRoom(frame = {}) {
  const room = createRoom("design");
  applyFrame(room, { ...JOINED, ...frame }, "bo", 0);
  return room;
}

function act(seq, name, more = {}) {
  return { type: "moderation", room: "design", id: `a${seq}`, seq, act: name, by: "ana", at: AT, ...more };
}

const apply = (room, ...frames) => frames.forEach((frame) => applyFrame(room, frame, "bo", 0));

test("a room that is joined has the rules of then", () => {
  const { rules } = joinedRoom();
  assert.deepEqual(
    [rules.role, rules.closed, rules.slow, [...rules.pinned], rules.muted],
    ["member", true, 30, ["m1"], undefined],
  );
  assert.equal(joinedRoom({ muted: null }).rules.muted, null);
});

test("acts change the rules, whatever order they arrive in", () => {
  const room = joinedRoom();
  const acts = [
    act(6, "open"), act(7, "slow", { seconds: 0 }), act(8, "pin", { messageId: "m2" }), act(9, "unpin", { messageId: "m1" }),
    act(10, "mute", { user: "bo", until: null }), act(11, "mute", { user: "cy", until: AT }), act(12, "close"),
  ]; // prettier-ignore
  apply(room, ...acts.toReversed(), ...acts);
  const { closed, slow, pinned, muted } = room.rules;
  assert.deepEqual([closed, slow, [...pinned], muted], [true, 0, ["m2"], null]);
  apply(room, act(13, "unmute", { user: "bo" }), act(14, "role", { user: "bo", role: "moderator" }));
  assert.deepEqual([room.rules.muted, room.rules.role], [undefined, "moderator"]);
});

test("acts of the past do not change the rules that joining told", () => {
  const room = joinedRoom();
  const entries = [act(2, "open"), act(3, "unpin", { messageId: "m1" }), act(4, "mute", { user: "bo", until: null })];
  apply(room, { type: "since", room: "design", after: 1, entries, head: 5, first: 1, complete: true });
  assert.deepEqual([room.rules.closed, [...room.rules.pinned], room.rules.muted], [true, ["m1"], undefined]);
  assert.equal([...room.entries.values()].filter((entry) => entry.act).length, 3);
});

test("an act has its number in the log, so no gap is seen", () => {
  const room = joinedRoom();
  apply(room, act(6, "freeze"), act(7, "close"));
  assert.deepEqual(room.runs, [{ after: 0, last: 7 }]);
});

test("who hands the room over becomes a moderator, whatever order later acts arrive in", () => {
  const room = joinedRoom({ role: "owner" });
  apply(room, act(7, "role", { user: "bo", role: "member" }), act(6, "role", { user: "cy", role: "owner" }));
  assert.equal(room.rules.role, "member");
  const other = joinedRoom({ role: "owner" });
  apply(other, act(6, "role", { user: "dee", role: "moderator" }));
  assert.equal(other.rules.role, "owner");
  apply(other, act(7, "role", { user: "cy", role: "owner" }));
  assert.equal(other.rules.role, "moderator");
  apply(other, act(8, "role", { user: "dee", role: "owner" }));
  assert.equal(other.rules.role, "moderator");
});

const roomOf = (kind, role, isAdmin = false) => ({ kind, rules: { role }, isAdmin });

test("the owner and the moderators of a room moderate it, and admins in public rooms only", () => {
  for (const kind of ["public", "private"]) {
    assert.equal(canModerate(roomOf(kind, "owner")), true);
    assert.equal(canModerate(roomOf(kind, "moderator")), true);
    assert.equal(canModerate(roomOf(kind, "member")), false);
    assert.equal(canModerate(roomOf(kind, null)), false);
  }
  assert.equal(canModerate(roomOf("public", "member", true)), true);
  assert.equal(canModerate(roomOf("private", "member", true)), false);
});

test("nobody moderates a direct conversation", () => {
  assert.equal(canModerate(roomOf("direct", "member", true)), false);
  assert.equal(canGiveRoles(roomOf("direct", "owner")), false);
  assert.equal(canActOn(roomOf("direct", "member", true), "ana", "bo", "member"), false);
});

test("only the owner gives roles, and an admin in a public room", () => {
  assert.equal(canGiveRoles(roomOf("private", "owner")), true);
  assert.equal(canGiveRoles(roomOf("private", "moderator")), false);
  assert.equal(canGiveRoles(roomOf("public", "member", true)), true);
  assert.equal(canGiveRoles(roomOf("private", "moderator", true)), false);
});

test("a moderator acts on members, the owner on moderators too, and nobody on the owner or on oneself", () => {
  const acts = (role, isAdmin) =>
    ["owner", "moderator", "member"].filter((other) => canActOn(roomOf("public", role, isAdmin), "ana", "bo", other));
  assert.deepEqual(acts("owner"), ["moderator", "member"]);
  assert.deepEqual(acts("moderator"), ["member"]);
  assert.deepEqual(acts("member"), []);
  assert.deepEqual(acts("member", true), ["moderator", "member"]);
  assert.equal(canActOn(roomOf("public", "owner"), "ana", "ana", "member"), false);
});

test("authors edit and delete, moderators delete and pin, and everybody else reports", () => {
  const message = { id: "m1", from: "bo", user: "bo" };
  const allowed = (where, me) =>
    ["edit", "delete", "pin", "report"].filter((action) => canChangeMessage(where, me, message, action));
  assert.deepEqual(allowed(roomOf("public", "member"), "bo"), ["edit", "delete"]);
  assert.deepEqual(allowed(roomOf("public", "member"), "ana"), ["report"]);
  assert.deepEqual(allowed(roomOf("private", "moderator"), "ana"), ["delete", "pin", "report"]);
  assert.deepEqual(allowed(roomOf("private", "owner"), "bo"), ["edit", "delete", "pin"]);
  assert.deepEqual(allowed(roomOf("public", "member", true), "ana"), ["edit", "delete", "pin", "report"]);
  assert.deepEqual(allowed(roomOf("private", "member", true), "ana"), ["report"]);
  assert.deepEqual(allowed(roomOf("direct", "member"), "ana"), []);
});
