// The keys: a sheet that lists them, and the listener that turns key events into commands.
import { createElement, elementById } from "./elements.js";
import { commandOf, keyName, SHORTCUTS } from "./shortcuts.js";

// `commands` has a function for each command; it is called with the key.
export function createKeySheet(commands) {
  const dialog = elementById("keys");
  const list = elementById("key-list");

  function toggle() {
    if (dialog.open) {
      dialog.close();
      return;
    }
    list.replaceChildren(...SHORTCUTS.flatMap(createLines));
    dialog.showModal();
  }

  function onKey(event) {
    const openDialog = document.querySelector("dialog[open]");
    const command = commandOf(event, focusPlace());
    if (command === null || (openDialog && !(openDialog === dialog && command === "keys"))) {
      return;
    }
    if (command === "keys") {
      toggle();
    } else {
      commands[command](event.key);
    }
    if (event.key !== "Escape") {
      event.preventDefault();
    }
  }

  elementById("show-keys").addEventListener("click", toggle);
  elementById("close-keys").addEventListener("click", () => dialog.close());
  addEventListener("keydown", onKey);
}

function createLines({ keys, label }) {
  const names = keys.map((key) => createElement("kbd", {}, keyName(key)));
  return [createElement("dt", {}, ...names), createElement("dd", {}, label)];
}

function focusPlace() {
  const focused = document.activeElement;
  if (!focused || focused === document.body) {
    return "page";
  }
  if (focused.matches("textarea, select, input:not([type=checkbox])")) {
    return "text";
  }
  return focused.id === "list" ? "list" : "other";
}
