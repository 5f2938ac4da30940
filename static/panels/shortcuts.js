// The keys that do something.
import { createElement } from "../view/dom.js";

const SHORTCUTS = [
  ["Enter", "Send the message"],
  ["Shift + Enter", "Begin a new line"],
  ["↑ in the empty box", "Edit your last message"],
  ["/", "Show the commands"],
  ["@", "Mention somebody: ↑ ↓ choose, Enter or Tab takes the name"],
  ["↑ ↓ in the conversation", "Move from message to message"],
  ["Ctrl + K, on a Mac ⌘ K", "Search messages"],
  ["Escape", "Close what is open, or return to the box"],
  ["?", "Show these keys"],
];

/** Returns the panel with the list of keys. */
export function createPanel() {
  const rows = SHORTCUTS.map(([key, text]) => {
    const keys = createElement("th", { scope: "row" }, createElement("kbd", {}, key));
    return createElement("tr", {}, keys, createElement("td", {}, text));
  });
  return { title: "Keys", content: createElement("table", {}, createElement("tbody", {}, ...rows)) };
}
