// The rows of a conversation, and their elements.
import { gapLength, isOwn, isUnread } from "../client/log.js";
import { countReactions, hasReacted } from "../client/outbox.js";
import { createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatDate, formatDay, formatNames, formatPresence, formatTime, isolateName } from "./format.js";

const GROUP_MS = 5 * 60_000;

// An address may have pairs of parentheses, but no mark of direction; the end of a sentence is not part of it.
const ADDRESS = /\b(https?:\/\/(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*\]]))/iu;

const partsOfMessages = new WeakMap();

const CHANGE_NOTES = { edit: "Sending the edit…", delete: "Deleting…" };

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

function createMessage({ from, user }) {
  const time = createElement("time");
  const quote = createButton("show-quoted", { className: "quote" });
  const text = createElement("p", { className: "text", dir: "auto" });
  const note = createElement("p", { className: "note" });
  const reactions = createElement("ul", { className: "reactions" });
  const bubble = createElement("div", { className: "bubble" }, createAuthor(from, user), time, quote, text, note);
  const message = createElement("li", { tabIndex: -1 }, createAvatar(from), bubble, reactions);
  partsOfMessages.set(message, { time, quote, text, note, reactions });
  return message;
}

// Two users may have one name, where an identity provider gives it.
function createAuthor(name, user) {
  return createElement("b", { className: "author", dir: "auto", title: user === name ? "" : user }, name);
}

function renderMessage({ entry, date, isGrouped }, chat, message) {
  const { id, kind, sentAt, deletedAt, state } = entry;
  const shown = deletedAt ? {} : entry;
  const { time, quote, text, note, reactions } = partsOfMessages.get(message);
  const classes = [
    "message",
    isOwn(entry, chat.me) && "mine",
    isGrouped && "grouped",
    kind,
    deletedAt ? "deleted" : state,
    !deletedAt && chat.room.rules.pinned.has(id) && "pinned",
  ];
  message.className = classes.filter(Boolean).join(" ");
  message.id = id;
  time.dateTime = sentAt;
  time.title = `${formatDate(date)} ${formatTime(date)}`;
  setContent(time, formatTime(date));
  setContent(quote, shown.replyTo?.message, () => [
    createAuthor(shown.replyTo.from, shown.replyTo.user),
    createElement("bdi", {}, shown.replyTo.message),
  ]);
  // Not a text that somebody can type: an element of its own.
  if (deletedAt) setContent(text, deletedAt, () => [createElement("del", {}, "Message deleted")]);
  else setContent(text, shown.message, () => splitLinks(shown.message).map(createLink));
  renderNote(note, shown, { ...entry, isPinned: classes.includes("pinned") }, chat);
  renderReactions(reactions, shown, chat);
  return message;
}

function createLink({ text, href }) {
  return href ? createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

function renderNote(
  note,
  { kind, user, state, editedAt, pendingChange, isDelayed },
  { id, error, failedChange, isPinned },
  chat,
) {
  const failed = failedChange ?? (state === "failed" && { id, error });
  note.classList.toggle("failed-note", Boolean(failed));
  if (failed) {
    const properties = { value: failed.id };
    const buttons = [createButton("retry", properties, "Retry"), createButton("discard", properties, "Discard")];
    setContent(note, `${failed.error} ${failed.id}`, () => [failed.error, ...buttons]);
  } else {
    const sending = isDelayed ? "Too many at once: it is sent in a moment…" : "Sending…";
    const pending = state === "pending" ? sending : CHANGE_NOTES[pendingChange];
    const setBy = kind === "reminder" && `Reminder set by ${isolateName(chat.nameOf(user))}`;
    const marks = [isPinned && "pinned", editedAt && "edited"].filter(Boolean);
    setContent(note, pending ?? (setBy || marks.join(" · ")));
  }
}

function renderReactions(list, entry, chat) {
  const { reactions = {}, pendingEmojis = [] } = entry;
  const shown = Object.entries(countReactions(entry))
    .filter(([, count]) => count)
    .map(([emoji, count]) => {
      const isChosen = hasReacted(entry, emoji, chat.me);
      return {
        emoji,
        count,
        users: (reactions[emoji] ?? []).map((user) => chat.nameOf(user)),
        isChosen,
        isPending: pendingEmojis.includes(emoji),
      };
    });
  setContent(list, shown.length && JSON.stringify(shown), () => shown.map(reactionItem));
}

function reactionItem({ emoji, count, users, isChosen, isPending }) {
  const title = `${formatNames(users, count)}${isPending ? " (sending)" : ""}`;
  const className = isPending ? "sending" : "";
  const properties = { value: emoji, ariaPressed: isChosen, title, className };
  return createElement("li", {}, createButton("react", properties, `${emoji} ${count}`));
}

/** Returns the text in pieces `{ text, href? }`: http(s) addresses have the `href`. */
export function splitLinks(text) {
  // `split` with a group returns text and address in turn.
  return text.split(ADDRESS).map((piece, index) => {
    return index % 2 && URL.canParse(piece) ? { text: piece, href: piece } : { text: piece };
  });
}
