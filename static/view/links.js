// The addresses in a text, and their elements.
import { createElement } from "./dom.js";

// An address may have pairs of parentheses, but no mark of direction; the end of a sentence is not part of it.
const ADDRESS =
  /\b((?:https?:\/\/|www\.(?=[^\s.]))(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*~\]]))/iu;

/** Returns the text in pieces `{ text, href? }`: what begins with http://, https:// or www. has the `href`. */
export function splitLinks(text) {
  // `split` with a group returns text and address in turn.
  return text.split(ADDRESS).map((piece, index) => {
    const href = /^www\./i.test(piece) ? `https://${piece}` : piece;
    return index % 2 && URL.canParse(href) ? { text: piece, href } : { text: piece };
  });
}

/** Returns the link of a piece with an address, or the text of one without. */
export function createLink({ text, href }) {
  return href ? createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}
