// How one row of the timeline looks. An element that is rendered again keeps what did not change.
import { createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatDateTime, formatDay, formatNames, formatPresence, formatTime } from "./format.js";
import { splitLinks } from "./links.js";
/** @import { MessageRow, Row } from "./timeline.js" */

/**
 * @typedef {object} MessageParts
 * @property {HTMLTimeElement} time
 * @property {HTMLButtonElement} quote
 * @property {HTMLParagraphElement} text
 * @property {HTMLParagraphElement} note
 * @property {HTMLUListElement} reactions
 */

/** @type {WeakMap<HTMLLIElement, MessageParts>} */
const partsOfMessages = new WeakMap();

/**
 * Returns the row's element: the given one, changed, or a new one.
 * @param {Row} row
 * @param {string} me
 * @param {HTMLLIElement} [element] the element of the row with the same key
 */
export function renderRow(row, me, element) {
  if (row.kind === "message") return renderMessage(row, me, element ?? createMessage(row.entry.from ?? ""));
  const item = element ?? createElement("li", { className: noteClasses(row) }, createElement("span", { dir: "auto" }));
  if (item.firstElementChild) setContent(item.firstElementChild, noteText(row));
  return item;
}

/** @param {Exclude<Row, MessageRow>} row */
function noteClasses(row) {
  return ["timeline-note", row.kind, row.kind === "notice" && row.entry.event].filter(Boolean).join(" ");
}

/** @param {Exclude<Row, MessageRow>} row */
function noteText(row) {
  switch (row.kind) {
    case "day":
      return formatDay(row.date, Date.now());
    case "unread":
      return "New";
    case "presence":
      return formatPresence(row.events);
    case "notice":
      return row.entry.message;
  }
}

/** @param {string} author */
function createMessage(author) {
  const time = createElement("time");
  const quote = createButton("show-quoted", { className: "quote" });
  const text = createElement("p", { className: "text", dir: "auto" });
  const note = createElement("p", { className: "note" });
  const reactions = createElement("ul", { className: "reactions" });
  const name = createElement("b", { className: "author", dir: "auto" }, author);
  const bubble = createElement("div", { className: "bubble" }, name, time, quote, text, note);
  const item = createElement("li", { tabIndex: -1 }, createAvatar(author), bubble, reactions);
  partsOfMessages.set(item, { time, quote, text, note, reactions });
  return item;
}

/**
 * @param {MessageRow} row
 * @param {string} me
 * @param {HTMLLIElement} item
 */
function renderMessage(row, me, item) {
  const parts = partsOfMessages.get(item);
  if (!parts) return item;
  const { id, from, sentAt } = row.entry;
  item.id = id;
  item.className = messageClasses(row, from === me);
  parts.time.dateTime = sentAt;
  parts.time.title = formatDateTime(row.date);
  setContent(parts.time, formatTime(row.date));
  renderQuote(parts.quote, row);
  renderText(parts.text, row);
  renderNote(parts.note, row);
  renderReactions(parts.reactions, row, me);
  return item;
}

/**
 * @param {MessageRow} row
 * @param {boolean} isMine
 */
function messageClasses({ entry, isGrouped }, isMine) {
  const state = entry.deletedAt ? "deleted" : entry.state;
  return ["message", isMine && "mine", isGrouped && "grouped", state].filter(Boolean).join(" ");
}

/**
 * @param {HTMLElement} element
 * @param {MessageRow} row
 */
function renderQuote(element, { entry: { deletedAt, replyTo } }) {
  if (deletedAt || !replyTo) {
    setContent(element, "");
    return;
  }
  const { from, message } = replyTo;
  setContent(element, message, () => [
    createElement("b", { className: "author", dir: "auto" }, from),
    createElement("bdi", {}, message),
  ]);
}

/**
 * @param {HTMLElement} element
 * @param {MessageRow} row
 */
function renderText(element, { entry }) {
  const message = entry.deletedAt ? "Message deleted" : (entry.message ?? "");
  setContent(element, message, () => splitLinks(message).map(createTextOrLink));
}

/** @param {{ text: string, href?: string }} piece */
function createTextOrLink({ text, href }) {
  if (!href) return text;
  return createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

/**
 * @param {HTMLElement} element
 * @param {MessageRow} row
 */
function renderNote(element, { entry: { state, error, editedAt, deletedAt } }) {
  if (state === "failed" && error) {
    setContent(element, error, () => [
      error,
      createButton("retry", {}, "Retry"),
      createButton("discard", {}, "Discard"),
    ]);
  } else if (state === "pending") {
    setContent(element, "Sending…");
  } else {
    setContent(element, editedAt && !deletedAt ? "edited" : "");
  }
}

/**
 * @param {HTMLElement} element
 * @param {MessageRow} row
 * @param {string} me
 */
function renderReactions(element, { entry: { deletedAt, reactions = {} } }, me) {
  const shown = Object.entries(deletedAt ? {} : reactions).filter(([, users]) => users.length);
  setContent(element, shown.length ? JSON.stringify(shown) : "", () =>
    shown.map(([emoji, users]) => {
      const isPressed = String(users.includes(me));
      const properties = { value: emoji, ariaPressed: isPressed, title: formatNames(users) };
      return createElement("li", {}, createButton("react", properties, `${emoji} ${users.length}`));
    }),
  );
}
