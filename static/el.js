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
	let hue = 7;
	for (const character of name) hue = (hue * 31 + character.codePointAt()) % 360;
	const square = el("span", { className: "avatar", ariaHidden: true }, [...name][0].toUpperCase());
	square.style.setProperty("--hue", hue);
	return square;
}
