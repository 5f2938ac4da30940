import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, beginJoin, countUnread, createRoom, orderedEntries } from "../../../static/client/index.js";

const NOW = Date.parse("2026-01-31T13:00:00.000Z");
const at = (minute) => `2026-01-31T12:${String(minute).padStart(2, "0")}:00.000Z`;
const line = (minute, from = "bo") => ({
  id: `m${minute}`,
  room: "lobby",
  from,
  message: `${minute}`,
  sentAt: at(minute),
});
const page = (minutes, before = null, more = {}) => ({
  type: "history",
  room: "lobby",
  messages: minutes.map((minute) => line(minute)),
  before,
  complete: true,
  ...more,
});
const roomWith = (...frames) => {
  const room = createRoom("lobby");
  for (const frame of frames) applyFrame(room, frame, NOW);
  return room;
};
const gaps = (room) => orderedEntries(room).flatMap((one, index) => (one.event === "gap" ? [index] : []));

test("the same message twice is one line", () => {
  assert.equal(roomWith(line(1), line(1)).entries.size, 1);
});

test("after a gap, a page that overlaps with what is known leaves no mark", () => {
  const room = roomWith(line(1), line(2));
  beginJoin(room, NOW);

  assert.equal(applyFrame(room, page([2, 3, 4], "cursor"), NOW), undefined);
  assert.deepEqual(gaps(room), []);
  assert.deepEqual(
    orderedEntries(room).map(({ id }) => id),
    ["m1", "m2", "m3", "m4"],
  );
});

test("after a gap, older pages are asked for until they overlap", () => {
  const room = roomWith(line(1));
  beginJoin(room, NOW);

  assert.equal(applyFrame(room, page([8, 9], "before 8"), NOW), "before 8");
  assert.equal(applyFrame(room, page([5, 6], "before 5"), NOW), "before 5");
  assert.equal(applyFrame(room, page([1, 2], null), NOW), undefined);
  assert.deepEqual(gaps(room), []);
});

test("a gap that cannot be closed is marked where it is", () => {
  const room = roomWith(line(1), line(2));
  beginJoin(room, NOW);
  applyFrame(room, page([8, 9], null), NOW);

  assert.deepEqual(gaps(room), [2]);
});

test("for a gap, at most a fixed number of older pages is requested", () => {
  const room = roomWith(line(1));
  beginJoin(room, NOW);
  let asked = 0;
  for (let minute = 50; applyFrame(room, page([minute], "more"), NOW); minute -= 1) asked += 1;

  assert.ok(asked < 10);
  assert.deepEqual(gaps(room), [1]);
});

test("a mark goes when a later answer closes the gap after all", () => {
  const room = roomWith(line(1), line(2));
  beginJoin(room, NOW);
  applyFrame(room, page([8], null), NOW);
  applyFrame(room, page([2, 5, 8], null), NOW);

  assert.deepEqual(gaps(room), []);
});

test("a history that could not be read is marked, also for a newcomer", () => {
  assert.equal(
    gaps(roomWith(page([], null, { type: "joined", user: "ana", users: ["ana"], count: 1, complete: false }))).length,
    1,
  );
});

test("for somebody who joins for the first time nothing is missing", () => {
  const room = createRoom("lobby");
  beginJoin(room, NOW);

  assert.equal(applyFrame(room, page([8, 9], "before 8"), NOW), undefined);
  assert.deepEqual(gaps(room), []);
});

test("the cursor is that of the oldest page", () => {
  const room = roomWith(page([8, 9], "before 8"), page([5, 6], "before 5"));
  applyFrame(room, page([8, 9], "before 8"), NOW);

  assert.equal(room.olderCursor, "before 5");
});

test("the roster follows who joins and leaves, each once", () => {
  const system = (event, user) => ({ type: "system", event, user, room: "lobby", message: "", at: at(1) });
  const joined = { ...page([]), type: "joined", user: "ana", users: ["ana", "bo"], count: 102 };
  const room = roomWith(joined, system("joined", "cy"), system("joined", "cy"), system("left", "bo"));

  assert.deepEqual([...room.people], ["ana", "cy"]);
  assert.equal(room.morePeople, 100);
});

test("somebody who sends a message is no longer typing", () => {
  const room = roomWith({ type: "typing", user: "bo" }, { type: "typing", user: "cy" }, line(1, "bo"));

  assert.deepEqual([...room.typing.keys()], ["cy"]);
});

test("a reaction counts a person once and can be removed", () => {
  const reaction = (user, on) => ({ type: "reaction", id: "m1", emoji: "👍", user, on });
  const room = roomWith(
    line(1),
    reaction("ana", true),
    reaction("ana", true),
    reaction("cy", true),
    reaction("cy", false),
  );

  assert.deepEqual(room.entries.get("m1").reactions, { "👍": ["ana"] });
});

test("unread is what others said after the place that was read", () => {
  const room = roomWith(line(1), line(2), line(3, "ana"), line(4));
  room.readPosition = `${at(1)} m1`;

  assert.equal(countUnread(room, "ana"), 2);
});
