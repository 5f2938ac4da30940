// A text cut into plain pieces and http(s) addresses: [{ text, href? }].
export function links(text) {
	const pieces = [];
	let end = 0;
	for (const { 0: found, index } of text.matchAll(/\bhttps?:\/\/[^\s<>"\u202a-\u202e\u2066-\u2069]+/gi)) {
		const href = trimmed(found);
		if (!URL.canParse(href)) continue;
		if (index > end) pieces.push({ text: text.slice(end, index) });
		pieces.push({ text: href, href });
		end = index + href.length;
	}
	if (end < text.length) pieces.push({ text: text.slice(end) });
	return pieces;
}

// What ends the sentence does not belong to the address.
function trimmed(address) {
	const odd = address.endsWith(")") && address.split("(").length < address.split(")").length;
	return odd || /[.,;:!?'*\]]$/.test(address) ? trimmed(address.slice(0, -1)) : address;
}
