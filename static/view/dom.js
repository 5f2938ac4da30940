// Finding, making and changing elements.

const shownContent = new WeakMap(); // by element

/**
 * Returns the page's element with this id.
 * @type {(id: string) => any}
 */
export const byId = (id) => document.getElementById(id);

/** Returns whether the page is in a frame of another site, where it shows only a room. */
export const isEmbedded = () => document.documentElement.classList.contains("embedded");

/** Returns a new element. Children that are strings become text, never markup. */
export function createElement(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Returns a new button, which does the action of this name. */
export function createButton(action, properties, ...children) {
  const button = createElement("button", properties, ...children);
  button.dataset.action = action;
  return button;
}

const styles = new Map(); // by address

/** Loads a style sheet, once. */
export function loadStyle(href) {
  if (!styles.has(href)) {
    const loading = new Promise((resolve) => {
      document.head.append(createElement("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
    });
    styles.set(href, loading);
  }
  return styles.get(href);
}

/** Shows the content, or hides the element when there is none. `build` makes the children, when the content has changed. */
export function setContent(element, content, build = () => [content]) {
  const shown = content || "";
  if (shownContent.get(element) === shown) return;
  shownContent.set(element, shown);
  element.hidden = !shown;
  element.replaceChildren(...(shown ? build() : []));
}

/** Returns a square with the name's first letter, in a colour that follows from the name. */
export function createAvatar(name) {
  const hue = [...name].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 360, 7);
  const avatar = createElement("span", { className: "avatar", ariaHidden: true }, [...name][0].toUpperCase());
  avatar.style.background = `oklch(47% .08 ${hue})`;
  return avatar;
}
