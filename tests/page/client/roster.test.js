import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, createRoom } from "../../../static/client/index.js";
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
