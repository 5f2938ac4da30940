import assert from "node:assert/strict";
import test from "node:test";
import { positionOf } from "../../../static/client/index.js";
import { timelineRows } from "../../../static/view/timeline.js";

const line = (id, from, time, more = {}) => ({
  id,
  from,
  message: id,
  sentAt: new Date(`2026-01-31T${time}`).toISOString(),
  ...more,
});
const kinds = (lines, unread = "") => timelineRows(lines, "ana", unread).map(({ kind }) => kind);

test("messages of one author within five minutes are one group", () => {
  const lines = [
    line("a", "bo", "12:00"),
    line("b", "bo", "12:04"),
    line("c", "bo", "12:10"),
    line("d", "cy", "12:11"),
  ];

  assert.deepEqual(
    timelineRows(lines, "ana", "")
      .slice(1)
      .map(({ isGrouped }) => isGrouped),
    [false, true, false, false],
  );
});

test("somebody else in between ends the group", () => {
  const lines = [line("a", "bo", "12:00"), line("b", "cy", "12:01"), line("c", "bo", "12:02")];

  assert.ok(
    timelineRows(lines, "ana", "")
      .slice(1)
      .every(({ isGrouped }) => !isGrouped),
  );
});

test("every day begins with its date", () => {
  const lines = [
    line("a", "bo", "23:59"),
    { ...line("b", "bo", "12:00"), sentAt: new Date("2026-02-01T00:01").toISOString() },
  ];

  assert.deepEqual(kinds(lines), ["day", "message", "day", "message"]);
  assert.equal(timelineRows(lines, "ana", "").at(-1).isGrouped, false);
});

test("the unread mark stands before the first unread message of somebody else", () => {
  const lines = [
    line("a", "bo", "12:00"),
    line("b", "ana", "12:01"),
    line("c", "bo", "12:02"),
    line("d", "bo", "12:03"),
  ];

  assert.deepEqual(kinds(lines, positionOf(lines[0])), ["day", "message", "message", "unread", "message", "message"]);
  assert.deepEqual(kinds(lines, positionOf(lines[3])), ["day", "message", "message", "message", "message"]);
  assert.deepEqual(kinds(lines), ["day", "message", "message", "message", "message"]);
});

test("consecutive joins and leaves are one row", () => {
  const coming = (id, event) => ({ ...line(id, undefined, "12:01"), type: "system", event, user: id });
  const lines = [
    line("a", "bo", "12:00"),
    coming("cy", "joined"),
    coming("dee", "joined"),
    coming("cy", "left"),
    line("b", "bo", "12:02"),
  ];

  assert.deepEqual(kinds(lines), ["day", "message", "presence", "message"]);
  assert.equal(timelineRows(lines, "ana", "")[2].events.length, 3);
});

test("a message keeps its row when the server confirms it", () => {
  const [, pending] = timelineRows([{ ...line("c-1", "ana", "12:00"), state: "pending" }], "ana", "");
  const [, confirmed] = timelineRows([line("server-id", "ana", "12:00", { clientId: "c-1" })], "ana", "");

  assert.equal(pending.key, confirmed.key);
});
