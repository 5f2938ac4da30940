import assert from "node:assert/strict";
import test from "node:test";
import {
  applyFrame,
  beginJoin,
  countUnread,
  createRoom,
  nextQuestion,
  olderCursor,
  orderedEntries,
  shownGaps,
} from "../../../static/client/index.js";
import { change, joined, line, page, range, since, unreadable } from "./frames.js";

const NOW = Date.parse("2026-01-31T13:00:00.000Z");
const apply = (room, ...frames) => {
  for (const frame of frames) applyFrame(room, frame, "ana", NOW);
  return room;
};
const roomWith = (...frames) => apply(createRoom("lobby"), ...frames);
const rejoined = (room, ...frames) => {
  beginJoin(room);
  return apply(room, ...frames);
};
const numbers = (room) => orderedEntries(room).map(({ seq }) => seq);

test("who joins for the first time misses nothing, and can load what was said before", () => {
  const room = roomWith(joined(range(51, 100)));

  assert.deepEqual(shownGaps(room), []);
  assert.equal(nextQuestion(room), undefined);
  assert.equal(olderCursor(room), 51);
});

test("older pages lead to the beginning", () => {
  const room = roomWith(joined(range(51, 100)));
  room.olderBefore = olderCursor(room);
  apply(room, { type: "history", ...page(range(1, 50), { head: 100 }) });

  assert.equal(olderCursor(room), null);
  assert.deepEqual(room.runs, [{ after: 0, last: 100 }]);
});

test("a page of older messages may be empty while there are more", () => {
  const room = roomWith(joined(range(51, 100)));
  room.olderBefore = olderCursor(room);
  apply(room, { type: "history", ...page([], { head: 100, before: 20 }) });

  assert.equal(olderCursor(room), 20);
  assert.deepEqual(shownGaps(room), []);
});

test("a frame after the next number opens a gap, and what closes it is asked for", () => {
  const room = roomWith(joined(range(1, 4)), line(7));

  assert.deepEqual(shownGaps(room), [{ after: 4, until: 7, isRemoved: false }]);
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 4, until: 7 } });
  apply(room, since(4, [line(5), change("edited", 6, 2)], { head: 7 }));
  assert.deepEqual(shownGaps(room), []);
  assert.equal(nextQuestion(room), undefined);
});

test("an entry of an unknown kind leaves no gap", () => {
  const room = roomWith(joined(range(1, 4)), { type: "muted", room: "lobby", seq: 5 }, line(6));

  assert.deepEqual(shownGaps(room), []);
  assert.deepEqual(numbers(room), [1, 2, 3, 4, 6]);
});

test("after joining again, the newest page is not taken: changes of older messages would be missed", () => {
  const room = rejoined(roomWith(joined(range(1, 10))), joined(range(51, 100)));

  assert.deepEqual(numbers(room), range(1, 10));
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 10 } });
});

test("a run that is not complete leaves the older entries, and the gap exactly between", () => {
  const room = rejoined(roomWith(joined(range(1, 10))), joined(range(4951, 5000)));
  apply(room, since(10, range(4901, 5000).map(line), { complete: false }));

  assert.deepEqual(numbers(room), [...range(1, 10), ...range(4901, 5000)]);
  assert.deepEqual(shownGaps(room), [{ after: 10, until: 4901, isRemoved: false }]);
});

test("a gap that is not filled at once is shown at once, although newer entries are still asked for", () => {
  const room = rejoined(roomWith(joined(range(1, 10))), joined(range(4951, 5000)));
  room.unmarkedAfter = 10;
  apply(room, since(10, range(4901, 5000).map(line), { complete: false, head: 5003 }));

  assert.deepEqual(shownGaps(room)[0], { after: 10, until: 4901, isRemoved: false });
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 5000 } });
});

test("a long gap is filled when the reader wants it, the newest part first, and goes when nothing is missing", () => {
  const room = rejoined(roomWith(joined(range(1, 10))), joined(range(1951, 2000)));
  apply(room, since(10, range(1901, 2000).map(line), { complete: false }));
  assert.equal(nextQuestion(room), undefined);

  room.wanted = { after: 10, pages: Infinity };
  for (let question = nextQuestion(room); question; question = nextQuestion(room)) {
    const { seq, until } = question.data;
    assert.equal(shownGaps(room).length, 1);
    apply(room, since(seq, range(seq + 1, until - 1).map(line), { head: 2000 }));
  }

  assert.deepEqual(numbers(room), range(1, 2000));
  assert.deepEqual(shownGaps(room), []);
});

test("what retention removed is marked, and not asked for", () => {
  const room = rejoined(roomWith(joined(range(1, 10))), joined(range(30, 40), { first: 30 }));
  apply(room, since(10, range(30, 40).map(line), { complete: false, first: 30 }));

  assert.deepEqual(shownGaps(room), [{ after: 10, until: 30, isRemoved: true }]);
  assert.equal(nextQuestion(room), undefined);
});

test("messages that could not be read are asked for again, also for a newcomer", () => {
  const room = roomWith(joined([], unreadable));
  assert.deepEqual(nextQuestion(room), { event: "history", data: {} });

  apply(room, { type: "history", ...page(range(1, 3)) });

  assert.equal(nextQuestion(room), undefined);
  assert.equal(olderCursor(room), null);
});

test("a room that could not be read after joining again is asked for from the last known entry", () => {
  const room = rejoined(roomWith(joined(range(1, 3))), joined([], unreadable));
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 3 } });

  apply(room, since(3, []));

  assert.equal(nextQuestion(room), undefined);
});

test("a head in the roster that is further than what is known is asked for", () => {
  const roster = { type: "roster", room: "lobby", users: ["ana"], count: 1, first: 1, at: line(60).sentAt };
  const room = roomWith(joined(range(1, 3)), { ...roster, head: 4 });

  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 3 } });
});

test("a log that has begun anew replaces what was known of the old one", () => {
  const room = rejoined(roomWith(joined(range(1, 10), { read: 10 })), joined([1, 2]));

  assert.deepEqual(numbers(room), [1, 2]);
  assert.equal(nextQuestion(room), undefined);
});

test("somebody who sends a message is no longer typing", () => {
  const room = roomWith({ type: "typing", user: "bo" }, { type: "typing", user: "cy" }, line(1));

  assert.deepEqual([...room.typing.keys()], ["cy"]);
});

const around = (seqs, more = {}) => ({ type: "around", seq: seqs[0], ...page(seqs), ...more });

test("what is around an old message is a part of the log with a gap below it, and older messages above it", () => {
  const room = roomWith(joined(range(5001, 5050)), around(range(101, 150), { before: 101, after: 150, head: 5050 }));

  assert.deepEqual(room.runs, [
    { after: 100, last: 150 },
    { after: 5000, last: 5050 },
  ]);
  assert.deepEqual(shownGaps(room), [{ after: 150, until: 5001, isRemoved: false }]);
  assert.equal(olderCursor(room), 101);
  assert.equal(nextQuestion(room), undefined);
});

test("the changes among the messages around one are known as well", () => {
  const room = roomWith(
    joined(range(5001, 5050)),
    around([110, 120], { before: 105, after: 160, head: 5050 }),
    around([3, 7], { before: null, after: 60, head: 5050 }),
  );

  assert.deepEqual(room.runs.slice(0, 2), [
    { after: 0, last: 60 },
    { after: 104, last: 160 },
  ]);
  assert.equal(olderCursor(room), null);
});

test("what is around a message of the end joins the end", () => {
  const room = roomWith(joined(range(51, 100)), around(range(30, 60), { before: 30, after: 60, head: 100 }));
  apply(room, around(range(90, 100), { before: 90, after: null, head: 100 }));

  assert.deepEqual(room.runs, [{ after: 29, last: 100 }]);
});

test("a gap is filled from its end, or from its beginning for who comes to it from above", () => {
  const room = roomWith(joined(range(5001, 5050)), around(range(101, 150), { before: 101, after: 150, head: 5050 }));
  room.wanted = { after: 150, pages: 1 };
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 4900, until: 5001 } });

  room.wanted = { after: 150, pages: 1, isFromStart: true };
  assert.deepEqual(nextQuestion(room), { event: "since", data: { seq: 150, until: 5001 } });
  apply(room, since(150, range(151, 250).map(line), { head: 5050 }));

  assert.deepEqual(shownGaps(room), [{ after: 250, until: 5001, isRemoved: false }]);
});

test("old messages that are shown by a jump are not unread", () => {
  const room = roomWith(joined(range(5001, 5050), { read: 5040, unread: 10 }));

  apply(room, around(range(101, 150), { before: 101, after: 150, head: 5050 }));

  assert.equal(countUnread(room), 10);
});
