import assert from "node:assert/strict";
import test from "node:test";
import { orderedEntries, shownGaps } from "../../../static/client/index.js";
import { joined, line, page, range, since, unreadable } from "./frames.js";
import { settle } from "./service.js";
import { startChat } from "./start.js";

const numbers = (chat) => orderedEntries(chat.room).map(({ seq }) => seq);

/** Starts a chat in the lobby, with a clock of the test's own. */
async function startInLobby(t, seqs = range(1, 4)) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-01-31T13:00:00Z") });
  const started = await startChat(t);
  await started.service.answer("places", { type: "places", rooms: [] });
  await started.service.answer("join", joined(seqs));
  const wait = async (milliseconds) => {
    t.mock.timers.tick(milliseconds);
    await settle();
  };
  return { ...started, wait };
}

/** Ends the connection for good, and opens a new one. */
async function reconnect({ service, wait }) {
  await service.cut(1008);
  await wait(1_000);
  await service.greet();
}

test("frames that are out of order are waited for, and nothing is asked", async (t) => {
  const { chat, service, wait } = await startInLobby(t);

  await service.publish(line(6));
  assert.deepEqual(shownGaps(chat.room), []);
  await service.publish(line(5));
  await wait(300);

  assert.deepEqual(service.received("since"), []);
  assert.deepEqual(numbers(chat), range(1, 6));
});

test("a lost frame is asked for after a moment, and marked while it is missing", async (t) => {
  const { chat, service, wait } = await startInLobby(t);

  await service.publish(line(6));
  await wait(299);
  assert.deepEqual(service.received("since"), []);
  await wait(1);
  assert.deepEqual(service.received("since"), [{ room: "lobby", seq: 4, until: 6 }]);
  await wait(200);
  assert.equal(shownGaps(chat.room).length, 1);
  await service.answer("since", since(4, [line(5)], { head: 6 }));

  assert.deepEqual(numbers(chat), range(1, 6));
  assert.deepEqual(shownGaps(chat.room), []);
});

test("a failed question is asked again, later each time, and the mark stays", async (t) => {
  t.mock.method(Math, "random", () => 0);
  const { chat, service, wait } = await startInLobby(t);
  await service.publish(line(6));
  await wait(300);

  for (const pause of [500, 1000, 2000]) {
    const asked = service.received("since").length;
    await service.answer("since", since(4, [], { head: null, complete: false }));
    await wait(pause - 1);
    assert.equal(service.received("since").length, asked);
    assert.equal(shownGaps(chat.room).length, 1);
    await wait(1);
    assert.equal(service.received("since").length, asked + 1);
  }
});

test("an answer that brings nothing new is not followed by the same question at once", async (t) => {
  const { service, wait } = await startInLobby(t);
  await service.publish(line(6));
  await wait(300);

  await service.answer("since", since(4, [], { head: 6 }));

  assert.equal(service.received("since").length, 1);
});

test("after a new connection the room is continued from the last number, page by page, up to the head", async (t) => {
  const started = await startInLobby(t);
  const { chat, service } = started;
  await reconnect(started);

  await service.answer("join", joined(range(200, 249)));
  assert.deepEqual(service.received("since"), [{ room: "lobby", seq: 4 }]);
  await service.answer("since", since(4, range(5, 104).map(line), { head: 250 }));
  await service.answer("since", since(104, range(105, 204).map(line), { head: 250 }));
  await service.answer("since", since(204, range(205, 250).map(line)));

  assert.deepEqual(numbers(chat), range(1, 250));
  assert.equal(service.received("since").length, 3);
  assert.deepEqual(shownGaps(chat.room), []);
});

test("the mark of a long absence is there until the last message in between is", async (t) => {
  const started = await startInLobby(t);
  const { chat, service, wait } = started;
  await reconnect(started);
  await service.answer("join", joined(range(1951, 2000)));
  await service.answer("since", since(4, range(1901, 2000).map(line), { complete: false }));
  assert.deepEqual(shownGaps(chat.room), [{ after: 4, until: 1901, isRemoved: false }]);
  await wait(60_000);
  assert.equal(service.received("since").length, 1);

  chat.loadGap(4, Infinity);
  await settle();
  while (shownGaps(chat.room).length) {
    const { seq, until } = service.received("since").at(-1);
    await service.answer("since", since(seq, range(seq + 1, until - 1).map(line), { head: 2000 }));
  }

  assert.deepEqual(numbers(chat), range(1, 2000));
  assert.equal(service.received("since").length, 1 + 19);
});

test("scrolling to a long gap loads one page of it", async (t) => {
  const started = await startInLobby(t);
  const { chat, service } = started;
  await reconnect(started);
  await service.answer("join", joined(range(4951, 5000)));
  await service.answer("since", since(4, range(4901, 5000).map(line), { complete: false }));

  chat.loadGap(4);
  chat.loadGap(4);
  await settle();
  await service.answer("since", since(4800, range(4801, 4900).map(line), { head: 5000 }));

  assert.equal(service.received("since").length, 2);
  assert.deepEqual(service.received("since").at(-1), { room: "lobby", seq: 4800, until: 4901 });
  assert.deepEqual(shownGaps(chat.room), [{ after: 4, until: 4801, isRemoved: false }]);
});

test("a connection that is lost while something is asked for begins anew", async (t) => {
  const started = await startInLobby(t);
  const { chat, service, wait } = started;
  await service.publish(line(6));
  await wait(300);
  await reconnect(started);

  await service.answer("join", joined(range(1, 7)));
  await service.answer("since", since(4, [line(5), line(6), line(7)]));
  await service.answer("since", since(6, [line(7)]));

  assert.deepEqual(numbers(chat), range(1, 7));
});

test("a page that could not be read is asked for again without an error on the screen", async (t) => {
  t.mock.method(Math, "random", () => 0);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startChat(t);
  await service.answer("join", joined([], unreadable));
  assert.equal(chat.room.isIncomplete, true);

  await service.answer("history", { type: "history", room: "lobby", ...unreadable });
  t.mock.timers.tick(500);
  await settle();
  await service.answer("history", { type: "history", ...page(range(1, 3)) });

  assert.equal(chat.room.isIncomplete, false);
  assert.deepEqual(numbers(chat), [1, 2, 3]);
});

test("older pages that are empty are followed until there are messages", async (t) => {
  const { chat, service } = await startInLobby(t, range(51, 100));

  chat.loadOlder();
  await settle();
  await service.answer("history", { type: "history", ...page([], { before: 30, head: 100 }) });
  await service.answer("history", { type: "history", ...page(range(1, 9), { head: 100 }) });

  assert.deepEqual(
    service.received("history").map(({ before }) => before),
    [51, 30],
  );
  assert.deepEqual(numbers(chat), [...range(1, 9), ...range(51, 100)]);
});

test("older pages that cannot be read are asked for again when the reader wants them, later each time", async (t) => {
  t.mock.method(Math, "random", () => 0);
  const { chat, service, wait } = await startInLobby(t, range(51, 100));

  for (const pause of [1000, 2000, 4000]) {
    const asked = service.received("history").length;
    chat.loadOlder();
    await settle();
    await service.answer("history", { type: "history", room: "lobby", ...unreadable });
    await wait(pause - 1);
    chat.loadOlder();
    await settle();
    assert.equal(service.received("history").length, asked + 1);
    await wait(1);
  }
  assert.equal(chat.room.olderFailures, 3);
});

test("without a connection nothing older is asked for", async (t) => {
  const { chat, service } = await startInLobby(t, range(51, 100));
  await service.cut(1008);

  await chat.loadOlder();

  assert.equal(chat.room.olderFailures, 0);
  assert.deepEqual(service.received("history"), []);
});
