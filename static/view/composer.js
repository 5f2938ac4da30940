// The box in which one writes: drafts, replies, edits, and the limit of a message.
import { readDraft, writeDraft } from "../client/storage.js";
import { createCommandMenu } from "./command-menu.js";
import { byId, setContent } from "./dom.js";
import { isolateName } from "./format.js";
/** @import { Entry } from "../client/types.js" */

const TYPING_MS = 3000;
const NEAR_LIMIT_BYTES = 200;
const KEY_CODE_COMPOSING = 229; // the only sign of an input method in some browsers

/** @typedef {ReturnType<typeof createComposer>} Composer */

/** What is written: a new message, a reply to a message, or a message's new text.
 * @typedef {{ kind: "message" } | { kind: "reply" | "edit", target: Entry }} Task
 */

/**
 * Returns the composer; it is ready after `open`.
 * @param {object} options
 * @param {number} options.maxBytes the longest message, in bytes of UTF-8
 * @param {(text: string, task: Task) => void} options.onSend
 * @param {() => void} options.onTyping at most every 3 seconds
 * @param {() => boolean} options.onEditLast begins to edit the last message; returns whether there is one
 */
export function createComposer({ maxBytes, onSend, onTyping, onEditLast }) {
  const box = byId("message-box", HTMLTextAreaElement);
  const sendButton = byId("send-button", HTMLButtonElement);
  const menu = createCommandMenu(box, pickCommand);
  let room = "";
  /** @type {Task} */
  let task = { kind: "message" };
  let typedAt = 0; // milliseconds

  /** @param {string} text */
  function write(text) {
    // Setting the same text would move the cursor.
    if (box.value !== text) box.value = text;
    if (task.kind !== "edit") writeDraft(localStorage, room, text);
    const bytesLeft = maxBytes - new TextEncoder().encode(text.trim()).length;
    sendButton.disabled = !text.trim() || bytesLeft < 0;
    setContent(byId("bytes-left"), describeBytesLeft(bytesLeft));
    box.rows = text.split("\n").length; // for browsers without `field-sizing`
    menu.update();
  }

  /** @param {string} usage */
  function pickCommand(usage) {
    const [command] = usage.split(" ");
    write(`${command} `);
    box.focus();
  }

  /** @param {Task} next */
  function begin(next) {
    task = next;
    setContent(byId("task-description"), describeTask(task));
    write(task.kind === "edit" ? (task.target.message ?? "") : readDraft(localStorage, room));
    if (task.kind !== "message") box.focus();
  }

  function submit() {
    if (sendButton.disabled) return;
    const text = box.value.trim();
    const done = task;
    if (done.kind !== "edit") write(""); // an edit leaves the draft as it was
    begin({ kind: "message" });
    typedAt = 0;
    onSend(text, done);
  }

  /**
   * Does what the key means here; returns whether it means anything.
   * @param {string} key
   */
  function handleKey(key) {
    switch (key) {
      case "Enter":
        if (!menu.pickChosen()) submit();
        return true;
      case "Tab":
        return menu.pickChosen();
      case "ArrowDown":
        return menu.moveChoice(1);
      case "ArrowUp":
        return menu.moveChoice(-1) || (!box.value && onEditLast());
      case "Escape":
        if (task.kind !== "message") begin({ kind: "message" });
        return false;
      default:
        return false;
    }
  }

  function announceTyping() {
    const isMessage = !sendButton.disabled && !box.value.startsWith("/") && task.kind !== "edit";
    if (!isMessage || Date.now() - typedAt < TYPING_MS) return;
    typedAt = Date.now();
    onTyping();
  }

  box.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === KEY_CODE_COMPOSING;
    if (isComposing || event.shiftKey) return;
    if (handleKey(event.key)) event.preventDefault();
  });
  box.addEventListener("input", () => {
    write(box.value);
    announceTyping();
  });
  sendButton.addEventListener("click", submit);
  byId("cancel-task").addEventListener("click", () => begin({ kind: "message" }));

  return {
    begin,

    /**
     * Shows the draft of a room.
     * @param {string} name
     */
    open(name) {
      room = name;
      begin({ kind: "message" });
    },
  };
}

/** @param {number} bytesLeft */
function describeBytesLeft(bytesLeft) {
  if (bytesLeft < 0) return `${-bytesLeft} bytes too long`;
  return bytesLeft < NEAR_LIMIT_BYTES ? `${bytesLeft} bytes left` : "";
}

/** @param {Task} task */
function describeTask(task) {
  if (task.kind === "message") return "";
  const { from = "", message } = task.target;
  const what = task.kind === "edit" ? "Editing" : `Reply to ${isolateName(from)}`;
  return `${what}: ${message}`;
}
