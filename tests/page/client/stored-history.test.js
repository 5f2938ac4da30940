import assert from "node:assert/strict";
import test from "node:test";
import { createHistory, storedRoomOf } from "../../../static/client/stored-history.js";
import { applyFrame, createRoom, orderedEntries, shownGaps, userStorage } from "../../../static/client/index.js";
import { at, change, joined, line, page, range, since } from "./frames.js";
import { startChat } from "./start.js";
import { createStorage } from "./storage.js";

const NOW = Date.parse("2026-02-01T00:00:00.000Z");
const NAMES = new Map([
  ["bo", "Bo"],
  ["cy", "Cy"],
  ["zoe", "Zoe"],
]);

// The rooms of one user, in memory.
function createStore() {
  const rooms = new Map();
  return {
    rooms,
    isFull: false,
    async read() {
      return structuredClone([...rooms.values()]);
    },
    async change(records, removed) {
      for (const record of records) rooms.set(record.room, structuredClone(record));
      for (const name of removed) rooms.delete(name);
      if (this.isFull) rooms.clear();
      return !this.isFull;
    },
    async clear() {
      rooms.clear();
    },
  };
}

function roomWith(...frames) {
  const room = createRoom("lobby");
  for (const frame of frames) applyFrame(room, frame, "ana", 0);
  return room;
}

async function startWithStored(t, stored, { retentionDays, read = true } = {}) {
  const storage = createStorage({ "chat.user.ana.history": "1" });
  const store = createStore();
  await store.change(stored, []);
  const started = await startChat(t, { storage });
  const history = createHistory(started.chat, { storage: userStorage(storage, "ana"), retentionDays, store });
  if (read) await history.read();
  return { ...started, history, store };
}

const texts = (room) => orderedEntries(room).map(({ message }) => message);
const stored = (...frames) => storedRoomOf(roomWith(...frames), NAMES, NOW);

test("what is kept is the end of the log, a real run of it, with the names of its people", () => {
  const room = roomWith(
    joined(range(1, 300)),
    change("edited", 301, 300, { message: "better", reactions: { "👍": ["cy"] } }),
  );
  const kept = storedRoomOf(room, NAMES, NOW);

  assert.deepEqual([kept.run, kept.entries.length, kept.entries[0].seq], [{ after: 100, last: 301 }, 200, 101]);
  assert.deepEqual([kept.entries.at(-1).message, kept.at], ["better", NOW]);
  assert.deepEqual(kept.names, { bo: "Bo", cy: "Cy" });
});

test("what stands before a gap is not kept, and nothing of a room of which nothing is known", () => {
  const kept = stored(joined([1, 2]), line(5), line(6));

  assert.deepEqual([kept.run, kept.entries.map(({ seq }) => seq)], [{ after: 4, last: 6 }, [5, 6]]);
  assert.equal(storedRoomOf(createRoom("lobby"), NAMES, NOW), undefined);
});

test("kept messages are shown before the server answers, and what changed since then is asked for", async (t) => {
  const { chat, service } = await startWithStored(t, [stored(joined([1, 2, 3]))]);
  assert.deepEqual([texts(chat.room), chat.room.storedAt, shownGaps(chat.room)], [["1", "2", "3"], NOW, []]);
  assert.equal(chat.nameOf("bo"), "Bo");

  await service.answer("join", joined([2, 3, 4], { head: 6, before: 2 }));
  assert.equal(chat.room.storedAt, null);
  assert.deepEqual(service.received("since"), [{ room: "lobby", seq: 2 }]);
  const deleted = change("deleted", 5, 1, { message: "" });
  await service.answer("since", since(2, [line(3), line(4), deleted, change("edited", 6, 2, { message: "better" })]));

  assert.deepEqual(texts(chat.room), ["", "better", "3", "4"]);
  assert.ok(chat.room.entries.get("m1").deletedAt);
  assert.deepEqual([chat.room.runs, shownGaps(chat.room)], [[{ after: 0, last: 6 }], []]);
});

test("kept messages that are read after the join was sent do not hide what changed", async (t) => {
  const { chat, service, history } = await startWithStored(t, [stored(joined([1, 2, 3]))], { read: false });
  assert.equal(chat.room.membership, "joining");
  await history.read();

  await service.answer("join", joined([3, 4], { head: 5, before: 3 }));
  assert.deepEqual(service.received("since"), [{ room: "lobby", seq: 2 }]);
});

test("kept messages that are read after the server has answered are not needed", async (t) => {
  const { chat, service, history } = await startWithStored(t, [stored(joined([1, 2, 3]))], { read: false });
  await service.answer("join", joined([9]));
  await history.read();

  assert.deepEqual([texts(chat.room), service.received("since")], [["9"], []]);
});

test("of a log that has begun anew nothing old is shown", async (t) => {
  for (const answers of ["a shorter log", "other messages on the page", "other messages since then"]) {
    const { chat, service } = await startWithStored(t, [stored(joined([1, 2, 3]))]);
    const anew = (seq) => line(seq, { id: `n${seq}`, message: `new ${seq}` });
    const messages = (seqs) => ({ messages: seqs.map(anew) });
    if (answers === "a shorter log") await service.answer("join", joined([1], messages([1])));
    if (answers === "other messages on the page") {
      await service.answer("join", joined(range(1, 9), messages(range(1, 9))));
    }
    if (answers === "other messages since then") {
      await service.answer("join", joined(range(8, 9), messages([8, 9])));
      await service.answer("since", since(2, range(3, 9).map(anew)));
      await service.answer("history", { type: "history", ...page([8, 9]), ...messages([8, 9]) });
    }
    assert.ok(
      texts(chat.room).every((text) => text.startsWith("new ")),
      `${answers}: ${texts(chat.room)}`,
    );
    assert.ok(texts(chat.room).length > 0, answers);
  }
});

test("kept messages that are read after the join was sent do not outlive their log", async (t) => {
  const { chat, service, history } = await startWithStored(t, [stored(joined(range(1, 300)))], { read: false });
  await history.read();
  await service.answer("join", joined([1], { messages: [line(1, { id: "n1", message: "new" })] }));

  assert.deepEqual(texts(chat.room), ["new"]);
});

test("who is banned from the lobby does not read there what was kept", async (t) => {
  const { chat, service } = await startWithStored(t, [stored(joined([1, 2]))]);
  assert.deepEqual(texts(chat.room), ["1", "2"]);
  await service.answer("join", { type: "system", event: "error", code: "banned", message: "no", room: "lobby" });

  assert.ok(!chat.room.entries.has("m1"));
});

test("what the server has removed is gone, also without a server after the days of retention", async (t) => {
  const { chat, service } = await startWithStored(t, [stored(joined([1, 2, 3, 4]))]);
  await service.answer("join", joined([3, 4], { first: 3, head: 4, before: null }));
  assert.deepEqual([texts(chat.room), chat.room.runs[0].after], [["3", "4"], 2]);

  t.mock.timers.enable({ apis: ["Date"], now: Date.parse(at(3)) + 24 * 60 * 60_000 });
  const later = await startWithStored(t, [stored(joined([1, 2, 3, 4]))], { retentionDays: 1 });
  assert.deepEqual(texts(later.chat.room), ["3", "4"]);
});

test("a room that one may not enter any more is not shown and not kept", async (t) => {
  const room = { ...stored(joined([1, 2])), room: "~plans" };
  const storage = createStorage({
    "chat.user.ana.history": "1",
    "chat.user.ana.places": '{"v":1,"rooms":[{"room":"~plans","isPlaced":true},{"room":"lobby","isPlaced":true}]}',
  });
  const { chat, service } = await startChat(t, { storage });
  const store = createStore();
  await store.change([room], []);
  const history = createHistory(chat, { storage: userStorage(storage, "ana"), store });
  await history.read();
  assert.deepEqual(texts(chat.room), ["1", "2"]);

  const error = {
    type: "system",
    event: "error",
    code: "unknown_room",
    message: "there is no such room",
    room: "~plans",
  };
  await service.answer("join", error);
  assert.deepEqual([...chat.rooms.keys()], ["lobby"]);
  await history.write();
  assert.equal(store.rooms.has("~plans"), false);
});

test("the ten rooms that were read last are kept, each when it has changed", async (t) => {
  const { chat, history, service, store } = await startWithStored(t, []);
  await service.answer("join", joined([1]));
  for (const number of range(1, 12)) {
    const room = `room-${number}`;
    chat.openRoom(room);
    await service.answer("join", joined([number], { ...page([number]), room }));
    await history.write();
  }
  assert.equal(store.rooms.size, 10);
  assert.ok(store.rooms.has("room-12"));
  assert.ok(!store.rooms.has("room-1"));

  let changes = 0;
  const write = store.change;
  store.change = (...given) => {
    changes += 1;
    return write.apply(store, given);
  };
  await history.write();
  assert.equal(changes, 0);
  await service.publish({ ...line(13), room: "room-12" });
  await history.write();
  assert.equal(store.rooms.get("room-12").run.last, 13);
});

test("a database that is full ends the keeping, and nothing else", async (t) => {
  const { chat, history, service, store } = await startWithStored(t, []);
  await service.answer("join", joined([1]));
  store.isFull = true;
  await history.write();
  store.isFull = false;
  await service.publish(line(2));
  await history.write();

  assert.deepEqual([store.rooms.size, texts(chat.room)], [0, ["1", "2"]]);
});

test("after clearing nothing is kept any more", async (t) => {
  const { history, service, store } = await startWithStored(t, [stored(joined([1]))]);
  await service.answer("join", joined([1, 2]));
  await history.clear();
  await history.write();

  assert.equal(store.rooms.size, 0);
});
