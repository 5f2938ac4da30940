// The fold of a long text: its end is hidden until somebody wants to read it.
import { createElement, setContent } from "./dom.js";

const opened = new Set(); // keys of rows that are shown whole
const buttons = new WeakMap(); // by text

/** Folds a long text, or unfolds one that is not long any more. `data-key` of the element names its row. */
export function renderFold(text, isLong) {
  const isOpen = opened.has(text.dataset.key);
  const button = buttons.get(text) ?? createButton(text);
  text.classList.toggle("folded", isLong && !isOpen);
  setContent(button, isLong && (isOpen ? "Show less" : "Show all"));
  button.ariaExpanded = isOpen;
}

/** Shows the whole of a text that is folded. */
export function openText(text) {
  if (text.classList.contains("folded")) toggleText(text);
}

function createButton(text) {
  const button = createElement("button", { className: "fold" });
  button.addEventListener("click", () => toggleText(text));
  // What has the focus can be seen.
  text.addEventListener("focusin", ({ target }) => {
    openText(text);
    target.scrollIntoView({ block: "nearest" });
  });
  buttons.set(text, button);
  text.after(button);
  return button;
}

function toggleText(text) {
  const { key } = text.dataset;
  if (!opened.delete(key)) opened.add(key);
  renderFold(text, true);
  const message = text.closest(".message");
  if (!opened.has(key)) message?.scrollIntoView({ block: "nearest" });
  // The end of the list has moved, though nobody has scrolled.
  message?.closest("[role=log]")?.dispatchEvent(new Event("scroll"));
}
