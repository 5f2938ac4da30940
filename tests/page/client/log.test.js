import assert from "node:assert/strict";
import test from "node:test";
import { cpuMilliseconds } from "../cpu.js";
import {
  addRun,
  applyFrame,
  createRoom,
  gapLength,
  gapsOf,
  lastKnown,
  orderedEntries,
} from "../../../static/client/index.js";
import { Entries, inOrder } from "../../../static/client/log.js";
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

const at = (second) => new Date(Date.UTC(2026, 0, 31) + second * 1000).toISOString();
const message = (seq, more = {}) => ({ id: `m${seq}`, from: "bo", seq, sentAt: at(seq), ...more });
const note = (id, second) => ({ id, event: "joined", sentAt: at(second) });
const ids = (entries) => entries.map(({ id }) => id);

test("whatever is added, changed and removed, the kept order is the one that is made anew", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = createRandom(seed);
    const below = (limit) => Math.floor(random() * limit);
    const entries = new Entries();
    for (let step = 0; step < 60; step += 1) {
      const seq = below(4) ? step + 1 : below(60) + 1; // mostly at the end
      const kind = below(10);
      if (kind === 0) entries.set(`n${step}`, note(`n${step}`, below(2) ? step : below(60)));
      else if (kind === 1) entries.delete(`m${below(60)}`);
      else if (kind === 2) entries.set(`m${seq}`, { ...entries.get(`m${seq}`), id: `m${seq}`, version: step });
      else if (kind === 3) entries.set(`m${seq}`, message(seq, { sentAt: at(below(60)) }));
      else entries.set(`m${seq}`, message(seq));
      assert.deepEqual(entries.ordered(), inOrder(entries.values()), `seed ${seed}, step ${step}`);
    }
  }
});

test("what comes at the end, and what replaces an entry, is put in its place, and not in an order that was read before", () => {
  const entries = new Entries();
  entries.set("m1", message(1));
  const before = entries.ordered();

  entries.set("n1", note("n1", 2));
  entries.set("m3", message(3));
  entries.set("m1", message(1, { message: "edited" }));

  const ordered = entries.ordered();
  assert.deepEqual(ids(ordered), ["m1", "n1", "m3"]);
  assert.equal(ordered[0].message, "edited");
  assert.deepEqual(ids(before), ["m1"]);
});

test("ten thousand entries of which each one comes at the end are kept in order in linear time", () => {
  const entries = new Entries();

  const spent = cpuMilliseconds(() => {
    for (let seq = 1; seq <= 10_000; seq += 1) {
      entries.set(`m${seq}`, message(seq));
      entries.ordered();
    }
  });

  assert.ok(spent < 3000, `${spent} ms`); // ordering each time takes ten seconds and more
});

const run = (after, last) => ({ after, last });
const addAll = (runs) => runs.reduce(addRun, []);

test("runs that touch or overlap become one", () => {
  assert.deepEqual(addAll([run(0, 4), run(4, 6)]), [run(0, 6)]);
  assert.deepEqual(addAll([run(3, 9), run(0, 5)]), [run(0, 9)]);
  assert.deepEqual(addAll([run(0, 2), run(6, 8), run(2, 6)]), [run(0, 8)]);
  assert.deepEqual(addAll([run(0, 2), run(3, 8)]), [run(0, 2), run(3, 8)]);
});

test("an empty room is known from its beginning", () => {
  const runs = addRun([], run(0, 0));

  assert.equal(lastKnown(runs), 0);
  assert.deepEqual(gapsOf(runs, 0, 1), []);
  assert.deepEqual(gapsOf(addRun(runs, run(2, 3)), 3, 1), [{ after: 0, until: 3, isRemoved: false }]);
});

test("a gap is between two runs, and between the last one and the head", () => {
  const gaps = gapsOf([run(4, 10), run(20, 30)], 33, 1);

  assert.deepEqual(gaps, [
    { after: 10, until: 21, isRemoved: false },
    { after: 30, until: 34, isRemoved: false },
  ]);
  assert.deepEqual(gaps.map(gapLength), [10, 3]);
});

test("the part of a gap that the server has not kept is a gap of its own, and nobody asks for it", () => {
  assert.deepEqual(gapsOf([run(0, 10), run(40, 50)], 50, 21), [
    { after: 10, until: 21, isRemoved: true },
    { after: 20, until: 41, isRemoved: false },
  ]);
  assert.deepEqual(gapsOf([run(0, 10), run(40, 50)], 50, 90), [{ after: 10, until: 41, isRemoved: true }]);
  assert.deepEqual(gapsOf([run(0, 10)], 50, 11), [{ after: 10, until: 51, isRemoved: false }]);
});

test("in whatever order entries come, runs and gaps together are the whole log, each entry once", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = createRandom(seed);
    const head = 1 + Math.floor(random() * 60);
    const known = new Set();
    let runs = addRun([], run(0, 0));
    for (const seq of shuffled(head, random)) {
      if (random() < 0.3) continue; // lost
      const length = Math.min(head - seq, Math.floor(random() * 3)); // entries that come together
      runs = addRun(runs, run(seq - 1, seq + length));
      for (let one = seq; one <= seq + length; one += 1) known.add(one);
    }
    const missing = gapsOf(runs, head, 1).flatMap(({ after, until }) => numbers(after, until - 1));
    const present = runs.flatMap(({ after, last }) => numbers(after, last));
    assert.deepEqual(
      present,
      [...known].sort((a, b) => a - b),
      `seed ${seed}`,
    );
    assert.deepEqual(
      [...present, ...missing].sort((a, b) => a - b),
      numbers(0, head),
      `seed ${seed}`,
    );
  }
});

function numbers(after, last) {
  return Array.from({ length: last - after }, (_, index) => after + 1 + index);
}
