// The rows of a conversation, and their elements.
import { gapLength, isUnread } from "../client/log.js";
import { createButton, createElement, setContent } from "./dom.js";
import { formatDay, formatPresence } from "./format.js";
import { createMessage, renderMessage } from "./message.js";

const GROUP_MS = 5 * 60_000;

/**
 * Returns the rows of ordered entries; what comes after the entry `unreadMark` is marked as new (null for no mark). `start`
 * and `end` are texts at the ends; each of the `gaps` has a row where it is. `describeAct` returns an act in words; one without
 * words is not shown.
 * @param {any[]} entries
 * @param {string} me
 * @param {number | null} unreadMark
 * @param {{ gaps?: any[], start?: string, end?: string }} [missing]
 * @param {(act: any) => string} [describeAct]
 */
export function timelineRows(
  entries,
  me,
  unreadMark,
  { gaps = [], start = "", end = "" } = {},
  describeAct = () => "",
) {
  /** @type {{ [property: string]: any }[]} */
  const rows = start ? [{ kind: "start", key: "start", text: start }] : [];
  const openGaps = [...gaps];
  let isMarked = unreadMark === null;
  const addGaps = (isBefore) => {
    while (openGaps.length && isBefore(openGaps[0])) rows.push(gapRow(openGaps.shift(), rows.at(-1)?.day));
  };
  for (const entry of entries) {
    addGaps(({ after }) => entry.state || entry.seq > after);
    const date = new Date(entry.sentAt);
    const day = `day ${date.toDateString()}`;
    if (rows.at(-1)?.day !== day) rows.push({ kind: "day", key: day, date, day });
    if (!isMarked && isUnread(entry, me, unreadMark ?? 0)) {
      isMarked = true;
      rows.push({ kind: "unread", key: "unread", day });
    }
    const key = `${entry.user} ${entry.clientId ?? entry.id}`; // stays when the server gives the message an id
    const text = entry.act && describeAct(entry.act);
    if (text) rows.push({ kind: "act", key, day, text });
    else if (!entry.act) addEntry(rows, { entry, date, day, key });
  }
  addGaps(() => true);
  if (end) rows.push({ kind: "end", key: "end", text: end });
  return rows;
}

function gapRow(gap, day) {
  const { after, isRemoved } = gap;
  const text = isRemoved ? "Messages were removed here." : describeGap(gapLength(gap));
  return { kind: "gap", key: `gap ${after} ${isRemoved}`, day, text, after: isRemoved ? undefined : after };
}

function addEntry(rows, { entry, date, ...row }) {
  const last = rows.at(-1);
  if (entry.from) {
    const isSame = last.entry?.from === entry.from && last.entry.user === entry.user;
    const isGrouped = isSame && date - last.date < GROUP_MS;
    rows.push({ kind: "message", ...row, entry, date, isGrouped });
  } else if (!entry.user) {
    rows.push({ kind: "notice", ...row, entry });
  } else if (last.kind === "presence") {
    last.events.push(entry);
  } else {
    rows.push({ kind: "presence", ...row, events: [entry] });
  }
}

/** Returns the row's element: the one given, changed, or a new one. */
export function renderRow(row, chat, element) {
  if (row.kind === "message") return renderMessage(row, chat, element ?? createMessage(row.entry));
  const note = element ?? createNote(row);
  const text = noteText(row, chat);
  setContent(note.firstChild, text, () => (row.after === undefined ? [text] : [text, loadButton(row.after)]));
  return note;
}

// Some of the entries may be edits or reactions.
function describeGap(length) {
  return length === 1 ? "1 message is not loaded." : `Up to ${length.toLocaleString()} messages are not loaded.`;
}

function loadButton(after) {
  return createButton("load-gap", { value: after }, "Load");
}

function createNote({ kind, entry }) {
  const className = `timeline-note ${kind} ${entry?.event ?? ""}`;
  return createElement("li", { className }, createElement("span", { dir: "auto" }));
}

function noteText({ kind, date, events, entry, text }, chat) {
  if (text) return text;
  if (kind === "day") return formatDay(date, Date.now());
  if (kind === "presence") return formatPresence(events, (user) => chat.nameOf(user));
  return kind === "unread" ? "New" : entry.message;
}
