// Listens to the conversation; what handles its events is loaded when the first one comes.
import { byId } from "./dom.js";

const EVENTS = ["keydown", "focusin", "focusout", "pointerdown", "pointerover", "pointerleave", "click"];
const MOVES = ["ArrowUp", "ArrowDown", "Home", "End"];
const PAGES = ["PageUp", "PageDown"];

/** Handles the events of the log, see log-controls.js. */
export function listenToLog(chat, messageList, actions) {
  const log = byId("log");
  let controls;

  async function handle(event) {
    if (event.type === "keydown") {
      if (!isHandled(event, log)) return;
      event.preventDefault();
    }
    controls ??= import("./log-controls.js").then((module) => module.createLogControls(chat, messageList, actions));
    (await controls)(event);
  }

  for (const type of EVENTS) log.addEventListener(type, handle);
}

function isHandled({ key, target, defaultPrevented, altKey, ctrlKey, metaKey, shiftKey }, log) {
  if (defaultPrevented || altKey || ctrlKey || metaKey) return false;
  const isMessage = target.matches(".message");
  if (shiftKey) return key === "F10" && isMessage;
  if (MOVES.includes(key)) return true;
  if (key === "Enter" || key === "ContextMenu") return isMessage;
  return target !== log && PAGES.includes(key); // the log itself scrolls
}
