// The rows of a conversation, and their elements.
import { gapLength, isUnread } from "../client/log.js";
import { createButton, createElement, setContent } from "./dom.js";
import { formatDay, formatPresence } from "./format.js";
import { createMessage, renderMessage } from "./message.js";

const GROUP_MS = 5 * 60_000;

/** @type {{ gaps: any[], start: string, end: string, previous?: any, first: number }} */
const NO_SURROUNDINGS = { gaps: [], start: "", end: "", first: 0 };

/**
 * Returns the rows of ordered entries; what comes after the entry `unreadMark` is marked as new (null for no mark). `start`
 * and `end` are texts at the ends; each of the `gaps` has a row where it is. `describeAct` returns an act in words; one without
 * words is not shown. Of a part of the entries, `previous` is the entry before it, and `first` the index of its first one:
 * a row has the `index` of the entry that it shows or stands before.
 * @param {any[]} entries
 * @param {string} me
 * @param {number | null} unreadMark
 * @param {Partial<typeof NO_SURROUNDINGS>} [surroundings]
 * @param {(act: any) => string} [describeAct]
 */
export function timelineRows(entries, me, unreadMark, surroundings, describeAct = () => "") {
  const { gaps, start, end, previous, first } = { ...NO_SURROUNDINGS, ...surroundings };
  /** @type {{ [property: string]: any }[]} */
  const rows = [];
  let index = first;
  let last = previous && previousRow(previous);
  const add = (row) => rows.push((last = { index, ...row }));
  const openGaps = [...gaps];
  const addGaps = (isBefore) => {
    while (openGaps.length && isBefore(openGaps[0])) add(gapRow(openGaps.shift(), last?.day));
  };
  let isMarked = unreadMark === null;
  if (start) add({ kind: "start", key: "start", text: start });
  for (const entry of entries) {
    addGaps(({ after }) => placeOf(entry) > after);
    const date = new Date(entry.sentAt);
    const day = `day ${date.toDateString()}`;
    if (last?.day !== day) add({ kind: "day", key: day, date, day });
    if (!isMarked && isUnread(entry, me, unreadMark ?? 0)) {
      isMarked = true;
      add({ kind: "unread", key: "unread", day });
    }
    const key = `${entry.user} ${entry.clientId ?? entry.id}`; // stays when the server gives the message an id
    const text = entry.act && describeAct(entry.act);
    if (text) add({ kind: "act", key, day, text });
    else if (last.kind === "presence" && isPresence(entry)) last.events.push(entry);
    else if (!entry.act) add(entryRow(entry, last, { date, day, key }));
    index += 1;
  }
  addGaps(() => true);
  if (end) add({ kind: "end", key: "end", text: end });
  return rows;
}

// What the first row of a part of the entries follows.
function previousRow(entry) {
  const date = new Date(entry.sentAt);
  return { kind: entry.from ? "message" : "", entry, date, day: `day ${date.toDateString()}` };
}

// What is not sent comes last; a message that could not be sent stays where it was typed.
function placeOf({ state, seq, after }) {
  if (!state) return seq;
  return state === "failed" ? (after ?? Infinity) : Infinity;
}

const isPresence = ({ from, user, act }) => !from && !act && Boolean(user);

function gapRow(gap, day) {
  const { after, isRemoved } = gap;
  const text = isRemoved ? "Messages were removed here." : describeGap(gapLength(gap));
  return { kind: "gap", key: `gap ${after} ${isRemoved}`, day, text, after: isRemoved ? undefined : after };
}

function entryRow(entry, last, { date, ...row }) {
  if (entry.from) {
    const isSame = last.entry?.from === entry.from && last.entry.user === entry.user;
    const isGrouped = isSame && last.kind === "message" && date - last.date < GROUP_MS;
    return { kind: "message", ...row, entry, date, isGrouped };
  }
  return isPresence(entry) ? { kind: "presence", ...row, events: [entry] } : { kind: "notice", ...row, entry };
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
