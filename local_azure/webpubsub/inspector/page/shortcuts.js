// The keys of the page. Each command is a name; `app.js` knows what it does.

export const SHORTCUTS = [
  { keys: ["/"], command: "search", label: "Search" },
  { keys: ["e"], command: "errors", label: "Show errors only, or everything" },
  { keys: ["j", "ArrowDown"], command: "next", label: "Next entry" },
  { keys: ["k", "ArrowUp"], command: "previous", label: "Previous entry" },
  { keys: ["g", "Home"], command: "first", label: "First entry" },
  { keys: ["G", "End"], command: "last", label: "Last entry, and follow new ones" },
  { keys: ["Enter"], command: "open", label: "Open the details of the entry" },
  { keys: ["[", "]"], command: "tab", label: "Previous or next part of the details" },
  { keys: ["c"], command: "curl", label: "Copy the call as a curl command" },
  { keys: ["l"], command: "link", label: "Copy a link to the entry" },
  { keys: ["r"], command: "replay", label: "Edit the event and send it again" },
  { keys: ["p"], command: "pause", label: "Pause, or resume" },
  { keys: ["Escape"], command: "close", label: "Close the details, then empty the search" },
  { keys: ["?"], command: "keys", label: "Show or hide these keys" },
];

// These keys scroll, press or choose where the focus is. They are commands only in the list and where nothing is focused.
const KEYS_OF_LIST = new Set(["ArrowDown", "ArrowUp", "Home", "End", "Enter"]);
const KEY_NAMES = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

// Returns the name of the command of a key event, or null. `focus` is text, list, page or other: where the focus is.
export function commandOf({ key, ctrlKey, metaKey, altKey }, focus) {
  if (ctrlKey || metaKey || altKey) {
    return null;
  }
  if (focus === "text" && key !== "Escape") {
    return null;
  }
  if (focus === "other" && KEYS_OF_LIST.has(key)) {
    return null;
  }
  return SHORTCUTS.find(({ keys }) => keys.includes(key))?.command ?? null;
}

export function keyName(key) {
  return KEY_NAMES[key] ?? key;
}
