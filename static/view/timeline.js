// The rows of a conversation, and their elements.
import { isUnread } from "../client/room.js";
import { createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatDate, formatDay, formatNames, formatPresence, formatTime } from "./format.js";

const GROUP_MS = 5 * 60_000;

// An address may have pairs of parentheses, but no mark of direction; the end of a sentence is not part of it.
const ADDRESS = /\b(https?:\/\/(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*\]]))/iu;

const partsOfMessages = new WeakMap();

/** Returns the rows of ordered entries; what comes after the position `unreadMark` is marked as new ("" for no mark). */
export function timelineRows(entries, me, unreadMark) {
  const rows = [];
  let isMarked = !unreadMark;
  for (const entry of entries) {
    const date = new Date(entry.sentAt);
    const day = `day ${date.toDateString()}`;
    if (rows.at(-1)?.day !== day) rows.push({ kind: "day", key: day, date, day });
    if (!isMarked && isUnread(entry, me, unreadMark)) {
      isMarked = true;
      rows.push({ kind: "unread", key: "unread", day });
    }
    const key = `${entry.from} ${entry.clientId ?? entry.id}`; // stays when the server gives the message an id
    addEntry(rows, { entry, date, day, key });
  }
  return rows;
}

function addEntry(rows, { entry, date, ...row }) {
  const last = rows.at(-1);
  if (entry.from) {
    const isGrouped = last.entry?.from === entry.from && date - last.date < GROUP_MS;
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
export function renderRow(row, me, element) {
  if (row.kind === "message") return renderMessage(row, me, element ?? createMessage(row.entry.from));
  const note = element ?? createNote(row);
  setContent(note.firstChild, noteText(row));
  return note;
}

function createNote({ kind, entry }) {
  const className = `timeline-note ${kind} ${entry?.event ?? ""}`;
  return createElement("li", { className }, createElement("span", { dir: "auto" }));
}

function noteText({ kind, date, events, entry }) {
  if (kind === "day") return formatDay(date, Date.now());
  if (kind === "presence") return formatPresence(events);
  return kind === "unread" ? "New" : entry.message;
}

function createMessage(from) {
  const time = createElement("time");
  const quote = createButton("show-quoted", { className: "quote" });
  const text = createElement("p", { className: "text", dir: "auto" });
  const note = createElement("p", { className: "note" });
  const reactions = createElement("ul", { className: "reactions" });
  const bubble = createElement("div", { className: "bubble" }, createAuthor(from), time, quote, text, note);
  const message = createElement("li", { tabIndex: -1 }, createAvatar(from), bubble, reactions);
  partsOfMessages.set(message, { time, quote, text, note, reactions });
  return message;
}

function createAuthor(name) {
  return createElement("b", { className: "author", dir: "auto" }, name);
}

function renderMessage({ entry, date, isGrouped }, me, message) {
  const { id, from, sentAt, deletedAt, state } = entry;
  const shown = deletedAt ? { message: "Message deleted" } : entry;
  const { time, quote, text, note, reactions } = partsOfMessages.get(message);
  const classes = ["message", from === me && "mine", isGrouped && "grouped", deletedAt ? "deleted" : state];
  message.className = classes.filter(Boolean).join(" ");
  message.id = id;
  time.dateTime = sentAt;
  time.title = `${formatDate(date)} ${formatTime(date)}`;
  setContent(time, formatTime(date));
  setContent(quote, shown.replyTo?.message, () => [
    createAuthor(shown.replyTo.from),
    createElement("bdi", {}, shown.replyTo.message),
  ]);
  setContent(text, shown.message, () => splitLinks(shown.message).map(createLink));
  renderNote(note, shown);
  renderReactions(reactions, shown.reactions ?? {}, me);
  return message;
}

function createLink({ text, href }) {
  return href ? createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

function renderNote(note, { state, error, editedAt }) {
  if (state === "failed") {
    const buttons = [createButton("retry", {}, "Retry"), createButton("discard", {}, "Discard")];
    setContent(note, error, () => [error, ...buttons]);
  } else {
    setContent(note, state === "pending" ? "Sending…" : editedAt && "edited");
  }
}

function renderReactions(list, reactions, me) {
  const shown = Object.entries(reactions).filter(([, users]) => users.length);
  setContent(list, shown.length && JSON.stringify(shown), () =>
    shown.map(([value, users]) => {
      const properties = { value, ariaPressed: users.includes(me), title: formatNames(users) };
      return createElement("li", {}, createButton("react", properties, `${value} ${users.length}`));
    }),
  );
}

/** Returns the text in pieces `{ text, href? }`: http(s) addresses have the `href`. */
export function splitLinks(text) {
  // `split` with a group returns text and address in turn.
  return text.split(ADDRESS).map((piece, index) => {
    return index % 2 && URL.canParse(piece) ? { text: piece, href: piece } : { text: piece };
  });
}
