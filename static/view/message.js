// The element of one message.
import { isOwn } from "../client/log.js";
import { createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatDate, formatTime, isolateName } from "./format.js";
import { createLoader } from "./loading.js";
import { renderText } from "./message-text.js";

const loadReactions = createLoader(() => import("./reactions.js"));

const partsOfMessages = new WeakMap();

const CHANGE_NOTES = { edit: "Sending the edit…", delete: "Deleting…" };

/** Returns the element of a message that was not shown yet. */
export function createMessage({ from }) {
  // Read out where it is not seen; else a button takes its place.
  const author = createElement("b", { className: "author", dir: "auto" }, from);
  const time = createElement("time");
  const quote = createButton("show-quoted", { className: "quote" });
  const text = createElement("div", { className: "text", dir: "auto" });
  const note = createElement("p", { className: "note" });
  const reactions = createElement("ul", { className: "reactions", hidden: true });
  const bubble = createElement("div", { className: "bubble" }, author, time, quote, text, note);
  const message = createElement("li", { tabIndex: -1 }, bubble, reactions);
  partsOfMessages.set(message, { author, time, quote, text, note, reactions });
  return message;
}

// The name and the picture of who wrote it lead to the person; those of a reminder do not.
function addAuthor(message, parts, { from, user = from, kind }) {
  const isPerson = kind !== "reminder";
  const avatar = createAvatar(from, user, isPerson ? "button" : "span");
  // Two users may have one name, where an identity provider gives it.
  let author = createElement("b", { dir: "auto", title: user === from ? "" : user }, from);
  if (isPerson) {
    author = createButton("show-person", { value: user }, author);
    Object.assign(avatar, { tabIndex: -1, value: user }); // the name beside it does the same
    avatar.dataset.action = "show-person";
  }
  author.className = "author";
  message.prepend(avatar);
  parts.author.replaceWith(author);
  Object.assign(parts, { avatar, author });
}

/** Shows the row's message in its element, and returns the element. */
export function renderMessage({ entry, date, isGrouped, key }, chat, message) {
  const { id, kind, sentAt, deletedAt, state } = entry;
  const shown = deletedAt ? {} : entry;
  const parts = partsOfMessages.get(message);
  const { time, quote, text, note, reactions } = parts;
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
  const isHeaded = !classes[1] && !isGrouped;
  if (isHeaded && !parts.avatar) addAuthor(message, parts, entry);
  if (parts.avatar) parts.author.disabled = !isHeaded; // then it is hidden
  time.dateTime = sentAt;
  time.title = `${formatDate(date)} ${formatTime(date)}`;
  setContent(time, formatTime(date));
  renderQuote(quote, shown.replyTo, chat);
  renderText(text, entry, key, chat);
  renderNote(note, shown, { ...entry, isPinned: classes.includes("pinned") }, chat);
  if (shown.reactions || reactions.firstChild) {
    loadReactions(chat.options.onChange)?.renderReactions(reactions, shown, chat);
  }
  return message;
}

function renderQuote(quote, replyTo, chat) {
  const isDeleted = chat.room.entries.get(replyTo?.id)?.deletedAt;
  const content = isDeleted ? `deleted ${isDeleted}` : replyTo?.message;
  setContent(quote, content, () => {
    const text = isDeleted ? createElement("del", {}, "Message deleted") : replyTo.message;
    const name = createElement("b", { className: "author", dir: "auto" }, replyTo.from);
    return [name, createElement("bdi", {}, text)];
  });
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
