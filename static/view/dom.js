// How the page touches its document.
export const $ = (id) => document.getElementById(id);

// Strings become text nodes, never markup.
export function el(tag, properties, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}

// Builds the children when the value has changed; no value hides the element.
export function fill(target, value, build = () => [value]) {
	const element = target.nodeType ? target : $(target);
	value ||= "";
	if (element.shown === value) return;
	element.shown = value;
	element.hidden = !value;
	element.replaceChildren(...(value && build()));
}

export function avatar(name) {
	const hue = [...name].reduce((sum, character) => (sum * 31 + character.codePointAt()) % 360, 7);
	const square = el("span", { className: "avatar", ariaHidden: true }, [...name][0].toUpperCase());
	square.style.background = `oklch(47% .08 ${hue})`;
	return square;
}
