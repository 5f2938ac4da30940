import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, createRoom, olderCursor, orderedEntries, shownGaps } from "../../../static/client/index.js";
import { trimRoom } from "../../../static/client/room.js";
import { change, line } from "./frames.js";

const roomAfter = (...frames) => {
  const room = createRoom("lobby");
  for (const frame of frames) applyFrame(room, frame, "ana", 0);
  return room;
};
const seqs = (room) => orderedEntries(room).map(({ seq }) => seq);
const numbers = (length) => Array.from({ length }, (_, index) => index + 1);

test("of a long conversation the last entries are kept, and what was before them can be loaded again", () => {
  const room = roomAfter(...numbers(20).map((seq) => line(seq)));

  trimRoom(room, 5);

  assert.deepEqual(seqs(room), [16, 17, 18, 19, 20]);
  assert.deepEqual(room.runs, [{ after: 15, last: 20 }]);
  assert.equal(olderCursor(room), 16);
  assert.deepEqual(shownGaps(room), []);
});

test("changes after the last kept message stay known, and so does a gap between kept entries", () => {
  const room = roomAfter(line(1), line(2), line(6), line(7), change("edited", 8, 1, { message: "new" }));

  trimRoom(room, 3);

  assert.deepEqual(seqs(room), [2, 6, 7]);
  assert.deepEqual(room.runs, [
    { after: 1, last: 2 },
    { after: 5, last: 8 },
  ]);
  assert.equal(shownGaps(room).length, 1);
});

test("a short conversation, and one of which older messages are being loaded, stay as they are", () => {
  const loading = roomAfter(...numbers(20).map((seq) => line(seq)));
  loading.isLoadingOlder = true;
  const short = roomAfter(line(1), line(2));

  trimRoom(loading, 5);
  trimRoom(short, 5);

  assert.equal(seqs(loading).length, 20);
  assert.deepEqual(seqs(short), [1, 2]);
  assert.equal(olderCursor(short), null);
});
