// The few ways in which the page touches its document.
export const byId = (id) => document.getElementById(id);

// An element with properties and children; strings become text nodes, never markup.
export function el(tag, properties, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}

// Builds an element's children again when the value they show has changed; no value hides it.
export function fill(target, value, build = () => [value]) {
	const element = target.nodeType ? target : byId(target);
	value ||= "";
	if (element.shown === value) return;
	element.shown = value;
	element.hidden = !value;
	element.replaceChildren(...(value && build()));
}

// A name's first letter in a colour that stays with the name.
export function avatar(name) {
	let hue = 7;
	for (const character of name) hue = (hue * 31 + character.codePointAt()) % 360;
	const square = el("span", { className: "avatar", ariaHidden: true }, [...name][0].toUpperCase());
	square.style.setProperty("--hue", hue);
	return square;
}
