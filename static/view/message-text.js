// The text of a message: its markup, and the part of a long one that is hidden until somebody wants to read it.
import { createElement, loadStyle, setContent } from "./dom.js";
import { createLink, splitLinks } from "./links.js";

const MAX_LENGTH = 900;
const MAX_LINES = 12;
// Whether there may be markup. What there really is, markup.js tells, which is loaded when it is first needed.
const MARKED = /`|(?<![\p{L}\p{N}/])[*_~]\S|^ {0,12}(?:>|[-*] |\d{1,9}[.)] )/mu;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{RI}|\u200d|\ufe0f| ){1,24}$/u;

const opened = new Set(); // keys of long messages that are shown whole
let markedText; // the module, once it is there
let isLoading = false;

/** Returns the elements of a message's text: the `text`, and the button `fold` of a long one. */
export function createText() {
  return { text: createElement("div", { className: "text", dir: "auto" }), fold: undefined, key: "" };
}

/** Shows the text of an entry; `key` names its row. */
export function renderText(parts, { message = "", mentions = [], deletedAt }, key, chat) {
  parts.key = key;
  const { text } = parts;
  const names = new Map(mentions.map((user) => [user, chat.nameOf(user)]));
  const isMarked = !deletedAt && (names.size || MARKED.test(message));
  if (isMarked && !markedText) loadMarkup(chat.options.onChange);
  // Not a text that somebody can type: an element of its own.
  if (deletedAt) setContent(text, deletedAt, () => [createElement("del", {}, "Message deleted")]);
  else if (isMarked && markedText) {
    setContent(text, `${[...names]} ${message} `, () => markedText.buildText(message, names, chat.me));
  } else setContent(text, message, () => splitLinks(message).map(createLink));
  text.classList.toggle("only-emoji", ONLY_EMOJI.test(message));
  showFold(parts, isLong(message) && !deletedAt);
}

function isLong(message) {
  return message.length > MAX_LENGTH || message.split("\n", MAX_LINES + 1).length > MAX_LINES;
}

/** Shows the whole text of the row, also when it is drawn anew. */
export function openText(key) {
  opened.add(key);
}

async function loadMarkup(onLoaded) {
  if (isLoading) return;
  isLoading = true;
  try {
    [markedText] = await Promise.all([import("./marked-text.js"), loadStyle("view/markup.css")]);
    onLoaded();
  } catch {
    isLoading = false; // without a connection: it is shown as it was typed, and the next rendering tries again
  }
}

function toggleText(parts) {
  const { text, key } = parts;
  if (!opened.delete(key)) opened.add(key);
  showFold(parts, true);
  const message = text.closest(".message");
  if (!opened.has(key)) message?.scrollIntoView({ block: "nearest" });
  // The end of the list has moved, though nobody has scrolled.
  message?.closest("[role=log]")?.dispatchEvent(new Event("scroll"));
}

function showFold(parts, isFoldable) {
  const isOpen = opened.has(parts.key);
  parts.text.classList.toggle("folded", isFoldable && !isOpen);
  if (isFoldable) parts.fold ??= createFold(parts);
  if (!parts.fold) return;
  setContent(parts.fold, isFoldable && (isOpen ? "Show less" : "Show all"));
  parts.fold.ariaExpanded = isOpen;
}

function createFold(parts) {
  const fold = createElement("button", { className: "fold" });
  fold.addEventListener("click", () => toggleText(parts));
  // What has the focus can be seen.
  parts.text.addEventListener("focusin", () => {
    if (parts.text.classList.contains("folded")) toggleText(parts);
  });
  parts.text.after(fold);
  return fold;
}
