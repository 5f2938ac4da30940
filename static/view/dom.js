// Finding, making and changing elements.

/** What setContent showed last, by element. @type {WeakMap<Element, string>} */
const shownContent = new WeakMap();

/**
 * Returns the element of the page with this id. Throws a TypeError when there is none of this class.
 * @template {HTMLElement} [Type=HTMLElement]
 * @param {string} id
 * @param {new () => Type} [type]
 * @returns {Type}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new TypeError(`no such element: ${id}`);
  return /** @type {Type} */ (element);
}

/**
 * Returns a new element. Strings become text nodes, never markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {...(Node | string)} children
 */
export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Returns a new button; what it does is found by the name of its action.
 * @param {string} action
 * @param {Partial<HTMLButtonElement>} [properties]
 * @param {...(Node | string)} children
 */
export function createButton(action, properties, ...children) {
  const button = createElement("button", properties, ...children);
  button.dataset.action = action;
  return button;
}

/**
 * Shows the content, or hides the element when it is empty. Nothing is touched while the content stays the same.
 * @param {Element} element
 * @param {string | undefined} content text, or whatever tells that the children would be the same
 * @param {() => (Node | string)[]} [build] makes the children; without it the content is the text
 */
export function setContent(element, content = "", build = () => [content]) {
  if (shownContent.get(element) === content) return;
  shownContent.set(element, content);
  element.toggleAttribute("hidden", !content);
  element.replaceChildren(...(content ? build() : []));
}

/**
 * Returns a square with the name's first letter, in a colour that follows from the name.
 * @param {string} name
 */
export function createAvatar(name) {
  const hue = [...name].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
  const [initial = ""] = name;
  const avatar = createElement("span", { className: "avatar", ariaHidden: "true" }, initial.toUpperCase());
  avatar.style.background = `oklch(47% .08 ${hue})`;
  return avatar;
}
