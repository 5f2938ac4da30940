// The rows of a conversation: days, the mark before what is unread, messages, and news of the room.
import { isUnread } from "../client/messages.js";
/** @import { DatedEntry, UnsentMessage } from "../client/types.js" */

const GROUP_MS = 5 * 60_000;

/** @typedef {DatedEntry & Partial<Pick<UnsentMessage, "state" | "error">>} ShownEntry */

/** @typedef {{ kind: "day", key: string, date: Date }} DayRow */
/** @typedef {{ kind: "unread", key: string }} UnreadRow */
/** @typedef {{ kind: "presence", key: string, events: ShownEntry[] }} PresenceRow who joined and left, in a row */
/** @typedef {{ kind: "notice", key: string, entry: ShownEntry }} NoticeRow */

/**
 * A message. It is `isGrouped` when it follows another one of its author closely.
 * @typedef {{ kind: "message", key: string, entry: ShownEntry, date: Date, isGrouped: boolean }} MessageRow
 */

/** @typedef {DayRow | UnreadRow | PresenceRow | NoticeRow | MessageRow} Row */

/**
 * Returns the rows. A row keeps its key as long as it stands for the same thing.
 * @param {ShownEntry[]} entries in their order
 * @param {string} me
 * @param {string} unreadMark the position after which the mark stands; empty for no mark
 */
export function timelineRows(entries, me, unreadMark) {
  /** @type {Row[]} */
  const rows = [];
  let lastDay = "";
  let isMarked = !unreadMark;
  for (const entry of entries) {
    const date = new Date(entry.sentAt);
    const day = date.toDateString();
    if (day !== lastDay) rows.push({ kind: "day", key: `day ${day}`, date });
    lastDay = day;
    if (!isMarked && isUnread(entry, me, unreadMark)) {
      isMarked = true;
      rows.push({ kind: "unread", key: "unread" });
    }
    addRow(rows, entry, date);
  }
  return rows;
}

/**
 * @param {Row[]} rows
 * @param {ShownEntry} entry
 * @param {Date} date
 */
function addRow(rows, entry, date) {
  const previous = rows.at(-1);
  // The author's page gave the client id: a message keeps its row when the server confirms it.
  const key = `${entry.from} ${entry.clientId ?? entry.id}`;
  if (entry.from) {
    rows.push({ kind: "message", key, entry, date, isGrouped: continuesGroup(previous, entry, date) });
  } else if (!entry.user) {
    rows.push({ kind: "notice", key, entry });
  } else if (previous?.kind === "presence") {
    previous.events.push(entry);
  } else {
    rows.push({ kind: "presence", key, events: [entry] });
  }
}

/**
 * @param {Row | undefined} previous
 * @param {ShownEntry} entry
 * @param {Date} date
 */
function continuesGroup(previous, entry, date) {
  if (previous?.kind !== "message" || previous.entry.from !== entry.from) return false;
  return date.getTime() - previous.date.getTime() < GROUP_MS;
}
