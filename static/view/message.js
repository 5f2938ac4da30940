// The element of one message.
import { isOwn } from "../client/log.js";
import { countReactions, hasReacted } from "../client/outbox.js";
import { createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatDate, formatNames, formatTime, isolateName } from "./format.js";

// An address may have pairs of parentheses, but no mark of direction; the end of a sentence is not part of it.
const ADDRESS = /\b(https?:\/\/(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*\]]))/iu;

const partsOfMessages = new WeakMap();

const CHANGE_NOTES = { edit: "Sending the edit…", delete: "Deleting…" };

/** Returns the element of a message that was not shown yet. */
export function createMessage({ from, user }) {
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

/** Shows the row's message in its element, and returns the element. */
export function renderMessage({ entry, date, isGrouped }, chat, message) {
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
    shown.mentions?.includes(chat.me) && "mentions-me",
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
