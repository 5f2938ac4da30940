import assert from "node:assert/strict";
import { test } from "node:test";
import { applyFrame, createRoom } from "../../../static/client/room.js";

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
