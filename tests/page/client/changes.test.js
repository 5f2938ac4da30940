import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, countReactions, createRoom, hasReacted, withChanges } from "../../../static/client/index.js";
import { change, line } from "./frames.js";

const react = (on, more = {}) => ({ kind: "react", target: "m1", emoji: "👍", on, state: "pending", ...more });
const listed = Array.from({ length: 20 }, (_, index) => `user${index}`);

test("reactions are counted from the list, or by the server when the list is cut", () => {
  assert.deepEqual(countReactions(line(1, { reactions: { "👍": ["ana", "bo"] } })), { "👍": 2 });
  assert.deepEqual(countReactions(line(1, { reactions: { "👍": listed }, reactionCounts: { "👍": 25 } })), {
    "👍": 25,
  });
  assert.deepEqual(countReactions(line(1)), {});
});

test("a pending reaction changes the count of a list that is cut", () => {
  const entry = line(1, { reactions: { "👍": listed }, reactionCounts: { "👍": 25 } });
  const [set] = withChanges([entry], [react(true)], "ana");
  const [cleared] = withChanges([entry], [react(true), react(false)], "ana");

  assert.equal(countReactions(set)["👍"], 26);
  assert.equal(countReactions(cleared)["👍"], 25);
});

test("one's own reaction is known although the list is cut before it", () => {
  const room = createRoom("lobby");
  const state = { reactions: { "👍": listed }, reactionCounts: { "👍": 21 } };
  applyFrame(room, line(1), "ana", 0);
  const hasReactedAfter = (seq, on) => {
    applyFrame(room, change("reaction", seq, 1, { emoji: "👍", user: "ana", on, ...state }), "ana", 0);
    return hasReacted(room.entries.get("m1"), "👍", "ana");
  };

  assert.equal(hasReactedAfter(2, true), true);
  assert.equal(hasReactedAfter(3, false), false);
});

test("changes of other messages and failed ones leave a message as it is", () => {
  const [entry] = withChanges([line(1)], [react(true, { target: "m2" }), react(true, { state: "failed" })], "ana");

  assert.equal(entry.reactions, undefined);
  assert.equal(entry.failedChange.state, "failed");
});
