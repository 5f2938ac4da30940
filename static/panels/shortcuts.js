// The keys that do something.
import { createElement } from "../view/dom.js";

/** @type {Record<string, [string[], string][]>} keys that are pressed together or one after the other, and what they do */
const SHORTCUTS = {
  Everywhere: [
    [["Escape"], "One step back: closes a menu, an edit, the panel; then to the message box"],
    [["Ctrl", "K"], "Search messages (on a Mac ⌘ K)"],
    [["?"], "Show these keys (not while you type)"],
  ],
  "In the message box": [
    [["Enter"], "Send the message"],
    [["Shift", "Enter"], "Begin a new line"],
    [["↑"], "Edit your last message (while the box is empty)"],
    [["/"], "Show the commands"],
    [["@"], "Mention somebody: ↑ ↓ choose, Enter or Tab takes the name"],
  ],
  "In the conversation": [
    [["↑", "↓"], "From message to message (also Page and Home, End)"],
    [["Enter"], "Show what can be done with the message"],
  ],
};

/** Returns the panel with the list of keys. */
export function createPanel() {
  const groups = Object.entries(SHORTCUTS).map(([place, shortcuts]) => {
    const heading = createElement("th", { colSpan: 2, scope: "rowgroup" }, place);
    return createElement("tbody", {}, createElement("tr", {}, heading), ...shortcuts.map(createRow));
  });
  return { title: "Keys", content: createElement("table", { className: "shortcuts" }, ...groups) };
}

function createRow([keys, text]) {
  const shown = keys.flatMap((key) => [" ", createElement("kbd", {}, key)]).slice(1);
  return createElement("tr", {}, createElement("th", { scope: "row" }, ...shown), createElement("td", {}, text));
}
