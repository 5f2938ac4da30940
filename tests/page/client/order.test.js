import assert from "node:assert/strict";
import test from "node:test";
import { mergeEntry, orderedEntries, positionOf } from "../../../static/client/index.js";

const room = (...lines) => ({ entries: new Map(lines.map((one) => [one.id, one])) });
const line = (id, second, more = {}) => ({
  id,
  from: "ana",
  message: id,
  sentAt: `2026-01-31T12:00:0${second}.000Z`,
  ...more,
});

test("lines are ordered by time, then by id", () => {
  const shuffled = [line("b", 1), line("c", 0), line("a", 1)];

  assert.deepEqual(
    orderedEntries(room(...shuffled)).map(({ id }) => id),
    ["c", "a", "b"],
  );
  assert.ok(positionOf(line("a", 1)) < positionOf(line("b", 1)));
});

test("of two deliveries that disagree on the time, the earlier counts", () => {
  assert.equal(mergeEntry(line("a", 3), line("a", 1)).sentAt, line("a", 1).sentAt);
  assert.equal(mergeEntry(line("a", 1), line("a", 3)).sentAt, line("a", 1).sentAt);
});

test("an edit stays when an older version arrives after it", () => {
  const edited = line("a", 1, { message: "better", editedAt: "2026-01-31T12:01:00.000Z" });

  for (const both of [mergeEntry(edited, line("a", 1)), mergeEntry(line("a", 1), edited)]) {
    assert.equal(both.message, "better");
    assert.equal(both.editedAt, edited.editedAt);
  }
});

test("the later of two edits counts, in whatever order they come", () => {
  const first = { id: "a", message: "one", editedAt: "2026-01-31T12:01:00.000Z" };
  const second = { id: "a", message: "two", editedAt: "2026-01-31T12:02:00.000Z" };

  assert.equal(mergeEntry(mergeEntry(line("a", 1), second), first).message, "two");
  assert.equal(mergeEntry(mergeEntry(first, second), line("a", 1)).message, "two");
});

test("an edit that comes before its message shows nothing until the message is there", () => {
  const early = { id: "a", message: "better", editedAt: "2026-01-31T12:01:00.000Z" };

  assert.deepEqual(orderedEntries(room(early)), []);
  assert.equal(mergeEntry(early, line("a", 1)).message, "better");
});

test("a deletion stays, whatever comes after it", () => {
  const deleted = mergeEntry(line("a", 1), { id: "a", message: "", deletedAt: "2026-01-31T12:01:00.000Z" });
  const later = mergeEntry(deleted, line("a", 1, { editedAt: "2026-01-31T12:09:00.000Z" }));

  assert.equal(later.message, "");
  assert.ok(later.deletedAt);
});
