// The element of one message, and its text. What only some messages need is loaded with the first of them: reactions,
// markup, and the fold of a long text.
import { isOwn } from "../client/log.js";
import { createAvatar, createButton, createElement, loadStyle, setContent } from "./dom.js";
import { formatDate, formatTime, isolateName, splitLinks } from "./format.js";

const SENDING_NOTES = { message: "Sending…", edit: "Sending the edit…", delete: "Deleting…" };
const WAITING_NOTES = {
  message: "Waits for a connection",
  edit: "The edit waits for a connection",
  delete: "The deletion waits for a connection",
};
const MAX_UNFOLDED_LENGTH = 900;
const MAX_UNFOLDED_LINES = 12;
// Whether there may be markup; what there really is, markup.js tells.
const MARKED = /`|(?<![\p{L}\p{N}/])[*_~]\S|^ {0,12}(?:>|- |\d{1,9}[.)] )/mu;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{RI}|\u200d|\ufe0f| ){1,24}$/u;

const loadReactions = createLoader(() => import("./reactions.js"));
const loadMarkup = createLoader(async () => {
  const [markup] = await Promise.all([import("./marked-text.js"), loadStyle("view/markup.css")]);
  return markup;
});
const loadFold = createLoader(() => import("./fold.js"));

const partsOfMessages = new WeakMap();

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
    const isConnected = chat.connectionState.name === "live" && navigator.onLine;
    const notes = isConnected ? SENDING_NOTES : WAITING_NOTES;
    const message = isConnected && isDelayed ? "Too many at once: it is sent in a moment…" : notes.message;
    const pending = state === "pending" ? message : notes[pendingChange];
    const setBy = kind === "reminder" && `Reminder set by ${isolateName(chat.nameOf(user))}`;
    const marks = [isPinned && "pinned", editedAt && "edited"].filter(Boolean);
    setContent(note, pending ?? (setBy || marks.join(" · ")));
  }
}

/** Shows the text of an entry in its element; `key` names its row. */
function renderText(text, { message = "", mentions = [], deletedAt, kind }, key, chat) {
  const { onChange } = chat.options;
  const names = new Map(mentions.map((user) => [user, chat.nameOf(user)]));
  const isTyped = !deletedAt && kind !== "action"; // an action begins with a star
  const markup = isTyped && (names.size || MARKED.test(message)) && loadMarkup(onChange);
  // Not a text that somebody can type: an element of its own.
  if (deletedAt) setContent(text, deletedAt, () => [createElement("del", {}, "Message deleted")]);
  else if (markup) setContent(text, `${[...names]} ${message} `, () => markup.buildText(message, names, chat.me));
  else setContent(text, message, () => splitLinks(message).map(createLink));
  text.classList.toggle("only-emoji", ONLY_EMOJI.test(message));

  const isLong =
    !deletedAt &&
    (message.length > MAX_UNFOLDED_LENGTH || message.split("\n", MAX_UNFOLDED_LINES + 1).length > MAX_UNFOLDED_LINES);
  if (!isLong && !text.dataset.key) return;
  text.dataset.key = key;
  const fold = loadFold(onChange);
  if (fold) fold.renderFold(text, isLong);
  else text.classList.add("folded");
}

/** Returns the link of a piece with an address, or the text of one without. */
export function createLink({ text, href }) {
  return href ? createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}

/**
 * Returns a function that returns what `load` has loaded; the first call begins it, and `onLoaded` is called when it is there.
 * Without a connection the next call tries again.
 */
function createLoader(load) {
  let loaded;
  let isLoading = false;

  async function begin(onLoaded) {
    isLoading = true;
    try {
      loaded = await load();
      onLoaded();
    } catch {
      isLoading = false;
    }
  }

  return (onLoaded) => {
    if (!isLoading) begin(onLoaded);
    return loaded;
  };
}
