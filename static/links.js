// A text cut into plain pieces and http(s) addresses: [{ text, href? }].
export function links(text) {
  const pieces = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(/\bhttps?:\/\/[^\s<>"\u202a-\u202e\u2066-\u2069]+/gi)) {
    const address = withoutTail(found);
    if (!URL.canParse(address)) continue;
    if (index > end) pieces.push({ text: text.slice(end, index) });
    pieces.push({ text: address, href: address });
    end = index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

// Punctuation that ends the sentence, and a bracket that was opened before the address, are not part of it.
function withoutTail(address) {
  const count = (mark) => address.split(mark).length;
  const last = address.at(-1);
  if (/[.,;:!?'*_]/.test(last) || (last === ")" && count(")") > count("(")) || (last === "]" && count("]") > count("["))) {
    return withoutTail(address.slice(0, -1));
  }
  return address;
}
