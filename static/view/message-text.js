// The text of a message. What only some texts need is loaded with the first of them: markup, and the fold of a long one.
import { createElement, loadStyle, setContent } from "./dom.js";
import { createLink, splitLinks } from "./links.js";
import { createLoader } from "./loading.js";

const MAX_LENGTH = 900;
const MAX_LINES = 12;
// Whether there may be markup; what there really is, markup.js tells.
const MARKED = /`|(?<![\p{L}\p{N}/])[*_~]\S|^ {0,12}(?:>|- |\d{1,9}[.)] )/mu;
const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{RI}|\u200d|\ufe0f| ){1,24}$/u;

const loadMarkup = createLoader(async () => {
  const [markup] = await Promise.all([import("./marked-text.js"), loadStyle("view/markup.css")]);
  return markup;
});
const loadFold = createLoader(() => import("./fold.js"));

/** Shows the text of an entry in its element; `key` names its row. */
export function renderText(text, { message = "", mentions = [], deletedAt, kind }, key, chat) {
  const { onChange } = chat.options;
  const names = new Map(mentions.map((user) => [user, chat.nameOf(user)]));
  const isTyped = !deletedAt && kind !== "action"; // an action begins with a star
  const markup = isTyped && (names.size || MARKED.test(message)) && loadMarkup(onChange);
  // Not a text that somebody can type: an element of its own.
  if (deletedAt) setContent(text, deletedAt, () => [createElement("del", {}, "Message deleted")]);
  else if (markup) setContent(text, `${[...names]} ${message} `, () => markup.buildText(message, names, chat.me));
  else setContent(text, message, () => splitLinks(message).map(createLink));
  text.classList.toggle("only-emoji", ONLY_EMOJI.test(message));

  const isLong = !deletedAt && (message.length > MAX_LENGTH || message.split("\n", MAX_LINES + 1).length > MAX_LINES);
  if (!isLong && !text.dataset.key) return;
  text.dataset.key = key;
  const fold = loadFold(onChange);
  if (fold) fold.renderFold(text, isLong);
  else text.classList.add("folded");
}
