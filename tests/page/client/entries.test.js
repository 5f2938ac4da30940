import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, createRoom, orderedEntries } from "../../../static/client/index.js";
import { change, line } from "./frames.js";
import { createRandom, shuffled } from "./random.js";

const roomAfter = (...frames) => {
  const room = createRoom("lobby");
  for (const frame of frames) applyFrame(room, frame, "ana", 0);
  return room;
};
const shown = (room) => orderedEntries(room).map(({ id, message }) => [id, message]);

test("messages stand in the order of their numbers, whatever their times say", () => {
  const room = roomAfter(line(3), line(1, { sentAt: line(9).sentAt }), line(2));

  assert.deepEqual(
    orderedEntries(room).map(({ seq }) => seq),
    [1, 2, 3],
  );
});

test("who joined stands between the messages by the time", () => {
  const news = { type: "system", event: "joined", user: "cy", room: "lobby", message: "", at: line(2).sentAt };
  const room = roomAfter(line(3), news, line(1));

  assert.deepEqual(
    orderedEntries(room).map(({ seq, user }) => seq ?? user),
    [1, "cy", 3],
  );
});

test("the same message twice is one entry", () => {
  assert.equal(roomAfter(line(1), line(1)).entries.size, 1);
});

test("a change that comes before its message waits for it", () => {
  const early = change("edited", 2, 1, { message: "better", editedAt: line(2).sentAt });

  assert.deepEqual(shown(roomAfter(early)), []);
  assert.deepEqual(shown(roomAfter(early, line(1))), [["m1", "better"]]);
});

test("a field that is absent from a newer version is no longer set", () => {
  const room = roomAfter(
    line(1, { reactions: { "👍": ["bo"] }, replyTo: { id: "q", from: "bo", message: "tea?" } }),
    change("deleted", 2, 1, { message: "", deletedAt: line(2).sentAt }),
  );

  const { message, reactions, replyTo, deletedAt, from } = room.entries.get("m1");
  assert.deepEqual([message, reactions, replyTo, deletedAt, from], ["", undefined, undefined, line(2).sentAt, "bo"]);
});

test("a change's own client id does not become the message's", () => {
  const room = roomAfter(line(1, { clientId: "c-1" }), change("edited", 2, 1, { clientId: "c-2" }));

  assert.equal(room.entries.get("m1").clientId, "c-1");
});

test("the name of a user who was erased stays erased", () => {
  const erased = change("edited", 2, 1, { from: "erased", message: "" });

  for (const room of [roomAfter(line(1), erased), roomAfter(erased, line(1))]) {
    assert.equal(room.entries.get("m1").from, "erased");
  }
});

test("in whatever order and however often frames come, every screen ends the same", () => {
  const log = [
    line(1),
    line(2),
    change("edited", 3, 1, { message: "one", editedAt: line(3).sentAt }),
    change("reaction", 4, 2, { emoji: "👍", user: "cy", on: true, reactions: { "👍": ["cy"] } }),
    change("edited", 5, 1, { message: "ONE", editedAt: line(5).sentAt }),
    change("reaction", 6, 2, { emoji: "👍", user: "cy", on: false }),
    line(7),
    change("deleted", 8, 7, { message: "", deletedAt: line(8).sentAt }),
    line(1, { message: "ONE", version: 5, editedAt: line(5).sentAt }), // the message as a page tells it
  ];
  const state = (room) => orderedEntries(room).map((entry) => JSON.parse(JSON.stringify(entry)));
  const expected = state(roomAfter(...log));

  for (let seed = 1; seed <= 200; seed += 1) {
    const random = createRandom(seed);
    const order = [...shuffled(log.length, random), ...shuffled(log.length, random).slice(0, 4)];
    const byId = (entries) => entries.map((entry) => Object.fromEntries(Object.entries(entry).sort()));
    const ended = state(roomAfter(...order.map((number) => log[number - 1])));
    assert.deepEqual(byId(ended), byId(expected), `seed ${seed}: ${order}`);
  }
});
