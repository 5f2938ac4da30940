// Keys that work everywhere on the page, and where the focus goes.
import { byId, isEmbedded } from "./dom.js";

/**
 * Puts the focus into the message box, unless a keyboard would open over the conversation that somebody came to read, or the focus is in the page around the frame.
 */
export function focusComposer() {
  const isWanted = matchMedia("(pointer: fine)").matches && (!isEmbedded() || document.hasFocus());
  if (isWanted) byId("message-box").focus();
}

/**
 * Listens to keys. Escape goes one step back: what handles it first (a menu, an edit) prevents its default; then comes a
 * drawer, which the browser closes, then the panel, then the focus returns to the message box.
 */
export function createKeyboard(panels) {
  const keys = {
    Escape() {
      if (document.querySelector(":popover-open")) return false;
      if (panels.current()) panels.close();
      else byId("message-box").focus();
      return true;
    },
    "?"({ target }) {
      if (target.matches("input, textarea, select")) return false;
      panels.toggle("shortcuts");
      return true;
    },
  };

  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k" && !event.altKey) {
      event.preventDefault();
      panels.open("search");
      return;
    }
    if (event.defaultPrevented || event.isComposing) return;
    if (keys[event.key]?.(event)) event.preventDefault();
  });
}
