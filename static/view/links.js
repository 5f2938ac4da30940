// Addresses in a text.

// Parentheses belong to an address in pairs; what ends a sentence does not, nor do marks that turn the direction of text.
const ADDRESS = /\b(https?:\/\/(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*\]]))/iu;

/**
 * Returns the text in pieces; those that are http(s) addresses have an `href`.
 * @param {string} text
 * @returns {{ text: string, href?: string }[]}
 */
export function splitLinks(text) {
  // A pattern with one group splits into text and address in turn: every second piece is an address.
  return text.split(ADDRESS).map((piece, index) => {
    const isAddress = index % 2 === 1 && URL.canParse(piece);
    return isAddress ? { text: piece, href: piece } : { text: piece };
  });
}
