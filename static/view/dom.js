// Finding, making and changing elements.

const HASH_PRIME = 67_108_859; // the square of less is exact

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

/** Loads a style sheet, once; it is in force when the promise is resolved, unless it could not be loaded. */
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

/**
 * Returns the colour that follows from a user's id: a hue in degrees, and lightness and chroma of OKLCH. Ids that differ in one
 * letter have different ones; on each of them a white letter can be read.
 */
export function avatarColour(user) {
  const scramble = (value) => (value * value + 1668) % HASH_PRIME; // no line: neighbours do not stay neighbours
  const sum = [...user].reduce((hash, character) => (hash * 31 + character.codePointAt(0)) % HASH_PRIME, 7);
  const hash = scramble(scramble(sum));
  return {
    lightness: [0.37, 0.45, 0.53][hash % 3],
    chroma: hash % 2 ? 0.06 : 0.115,
    hue: ((hash % 1009) / 1009) * 360,
  };
}

/** Returns a square with the name's first letter, in the user's colour. It is not read out. */
export function createAvatar(name, user = name, tag = "span") {
  const avatar = createElement(tag, { className: "avatar", ariaHidden: true }, [...name][0].toUpperCase());
  const { lightness, chroma, hue } = avatarColour(user);
  avatar.style.backgroundColor = `oklch(${lightness} ${chroma} ${hue})`;
  return avatar;
}
