import assert from "node:assert/strict";
import test from "node:test";
import { timelineRows } from "../../../static/view/timeline.js";

const line = (id, from, time, more = {}) => ({
  id,
  from,
  message: id,
  sentAt: new Date(`2026-01-31T${time}`).toISOString(),
  ...more,
});
const kinds = (lines, unread = null, missing = {}) =>
  timelineRows(lines, "ana", unread, missing).map(({ kind }) => kind);

test("messages of one author within five minutes are one group", () => {
  const lines = [
    line("a", "bo", "12:00"),
    line("b", "bo", "12:04"),
    line("c", "bo", "12:10"),
    line("d", "cy", "12:11"),
  ];

  assert.deepEqual(
    timelineRows(lines, "ana", null)
      .slice(1)
      .map(({ isGrouped }) => isGrouped),
    [false, true, false, false],
  );
});

test("somebody else in between ends the group", () => {
  const lines = [line("a", "bo", "12:00"), line("b", "cy", "12:01"), line("c", "bo", "12:02")];

  assert.ok(
    timelineRows(lines, "ana", null)
      .slice(1)
      .every(({ isGrouped }) => !isGrouped),
  );
});

test("two who have one name are two, and so are what one says and what one's reminder says", () => {
  const lines = [
    line("a", "Bo", "12:00", { user: "aad:1" }),
    line("b", "Bo", "12:01", { user: "github:1" }),
    line("c", "reminder", "12:02", { user: "github:1", kind: "reminder" }),
  ];

  assert.ok(
    timelineRows(lines, "ana", null)
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
  assert.equal(timelineRows(lines, "ana", null).at(-1).isGrouped, false);
});

test("the unread mark stands before the first unread message of somebody else", () => {
  const lines = [
    line("a", "bo", "12:00", { seq: 1 }),
    line("b", "ana", "12:01", { seq: 2 }),
    line("c", "bo", "12:02", { seq: 3 }),
    line("d", "bo", "12:03", { seq: 4 }),
  ];

  assert.deepEqual(kinds(lines, 1), ["day", "message", "message", "unread", "message", "message"]);
  assert.deepEqual(kinds(lines, 0), ["day", "unread", "message", "message", "message", "message"]);
  assert.deepEqual(kinds(lines, 4), ["day", "message", "message", "message", "message"]);
  assert.deepEqual(kinds(lines), ["day", "message", "message", "message", "message"]);
});

test("a gap stands exactly between the messages around it, and before what is not sent yet", () => {
  const gap = (after, until, isRemoved = false) => ({ after, until, isRemoved });
  const lines = [
    line("a", "bo", "12:00", { seq: 4 }),
    line("b", "bo", "12:01", { seq: 9 }),
    line("c", "ana", "12:02", { state: "pending" }),
  ];
  const rows = timelineRows(lines, "ana", 4, { gaps: [gap(4, 9), gap(9, 1210)], start: "began" });

  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ["start", "day", "message", "gap", "unread", "message", "gap", "message"],
  );
  assert.deepEqual(
    rows.filter(({ kind }) => kind === "gap").map(({ text, after }) => [text.replace(/\D/g, ""), after]),
    [
      ["4", 4],
      ["1200", 9],
    ],
  );
  assert.equal(rows[5].isGrouped, false);
  assert.equal(timelineRows(lines, "ana", null, { gaps: [gap(4, 9, true)] })[2].after, undefined);
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
  assert.equal(timelineRows(lines, "ana", null)[2].events.length, 3);
});

test("a message keeps its row when the server confirms it", () => {
  const [, pending] = timelineRows([{ ...line("c-1", "ana", "12:00"), state: "pending" }], "ana", null);
  const [, confirmed] = timelineRows([line("server-id", "ana", "12:00", { clientId: "c-1" })], "ana", null);

  assert.equal(pending.key, confirmed.key);
});

test("acts are rows in words, and one without words has no row", () => {
  const act = (name, minute) => ({
    id: name,
    event: "act",
    act: { act: name },
    sentAt: `2026-01-31T12:0${minute}:00Z`,
  });
  const rows = timelineRows([act("mute", 1), act("freeze", 2)], "me", null, {}, ({ act: name }) => {
    return name === "mute" ? "ana muted bo" : "";
  });
  assert.deepEqual(
    rows.map(({ kind, text }) => [kind, text]),
    [
      ["day", undefined],
      ["act", "ana muted bo"],
    ],
  );
});

test("the rows of a part are those that they are in the whole, with the index of their entries", () => {
  const coming = (id, time) => ({ ...line(id, undefined, time), event: "joined", user: id });
  const lines = [
    line("a", "bo", "11:58", { seq: 1 }),
    line("b", "bo", "11:59", { seq: 2 }),
    coming("cy", "12:00"),
    coming("dee", "12:00"),
    line("c", "bo", "12:01", { seq: 5 }),
    { ...line("d", "bo", "12:00", { seq: 6 }), sentAt: new Date("2026-02-01T00:01").toISOString() },
    line("e", "bo", "12:02", { seq: 9 }),
  ];
  const shown = ({ kind, key, index, isGrouped }) => ({ kind, key, index, isGrouped });
  const whole = timelineRows(lines, "ana", null).map(shown);

  for (const start of [0, 1, 2, 4, 5, 6]) {
    const part = timelineRows(lines.slice(start), "ana", null, { previous: lines[start - 1], first: start }).map(shown);
    assert.deepEqual(
      part,
      whole.filter(({ index }) => index >= start),
    );
  }
});

test("a message that could not be sent stands where it was typed, also beside a gap", () => {
  const lines = [
    line("a", "bo", "12:00", { seq: 4 }),
    line("b", "ana", "12:01", { state: "failed", after: 4 }),
    line("c", "bo", "12:02", { seq: 9 }),
  ];

  assert.deepEqual(kinds(lines, null, { gaps: [{ after: 4, until: 9 }] }), [
    "day",
    "message",
    "message",
    "gap",
    "message",
  ]);
});
