// The message box: drafts, replies and edits. The menu of commands and names is loaded when it is needed.
import { byId, isEmbedded, setContent } from "./dom.js";
import { isolateName } from "./format.js";

const TYPING_MS = 3000;
const NEAR_LIMIT_BYTES = 200;
const NEEDS_MENU = /^\/|@/; // the first of these loads the menu
/** @type {ReturnType<typeof import("./completion.js").createCompletion>} */
const NO_MENU = { update() {}, pick: () => false, move: () => false, close: () => false, mentionsIn: () => [] };

/**
 * Returns the composer. A task has a `kind`: "message", or "reply" and "edit" with the `target` message.
 * `onEditLast` returns whether there is one to edit.
 * `storage` is the user's, and keeps drafts.
 */
export function createComposer({ chat, maxBytes, storage, onSend, onTyping, onEditLast }) {
  const box = byId("message-box");
  const sendButton = byId("send-button");
  let draftKey = "";
  let task;
  let completion = NO_MENU;
  let loading; // while the menu is on its way
  let typedAt = 0;

  function write(text, caret) {
    if (box.value !== text) box.value = text; // the same text would move the cursor
    if (caret !== undefined) box.setSelectionRange(caret, caret);
    if (task.kind !== "edit") keepDraft(text);
    setContent(byId("composer-problem"), "");
    const bytesLeft = maxBytes - new TextEncoder().encode(text.trim()).length;
    sendButton.disabled = !text.trim() || bytesLeft < 0;
    setContent(byId("bytes-left"), describeBytesLeft(bytesLeft));
    box.rows = text.split("\n").length; // for browsers without `field-sizing`
    completion.update();
    if (completion === NO_MENU && NEEDS_MENU.test(text)) loadCompletion();
  }

  function loadCompletion() {
    loading ??= import("./completion.js")
      .then(({ createCompletion }) => {
        completion = createCompletion({ box, chat, write });
        if (task.kind !== "edit") completion.update();
      })
      .catch(() => {}) // no network: the text can be sent all the same
      .finally(() => {
        loading = undefined;
      });
  }

  function keepDraft(text) {
    if (text) storage.setItem(draftKey, text);
    else storage.removeItem(draftKey);
  }

  function begin(next) {
    task = next;
    setContent(byId("task-description"), describeTask(task));
    write(task.kind === "edit" ? task.target.message : (storage.getItem(draftKey) ?? ""));
    if (task.kind === "edit") completion.close();
    if (task.kind !== "message") box.focus();
  }

  const beginMessage = () => begin({ kind: "message" });

  function submit() {
    if (sendButton.disabled) return;
    const text = box.value.trim();
    const mentions = completion.mentionsIn(text);
    const done = task;
    if (task.kind !== "edit") write("");
    beginMessage();
    typedAt = 0;
    onSend(text, done, mentions.length ? mentions : undefined);
  }

  function pickOrSubmit() {
    if (!completion.pick()) submit();
  }

  // Each returns whether the key was handled.
  const keys = {
    Enter() {
      pickOrSubmit(); // at once, also while the menu is on its way: what is typed next is another message
      return true;
    },
    Tab: () => completion.pick(),
    ArrowDown: () => completion.move(1),
    ArrowUp: () => completion.move(-1) || (!box.value && onEditLast()),
    Escape() {
      if (completion.close()) return true;
      if (task.kind === "message") return false;
      beginMessage();
      return true;
    },
  };

  box.addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // the key of an input method
    if (isComposing || event.shiftKey) return;
    if (keys[event.key]?.()) event.preventDefault();
  });
  box.addEventListener("input", () => {
    write(box.value);
    const isMessage = !sendButton.disabled && box.value[0] !== "/" && task.kind !== "edit";
    if (!isMessage || Date.now() - typedAt < TYPING_MS) return;
    typedAt = Date.now();
    onTyping();
  });
  sendButton.addEventListener("click", submit);
  byId("cancel-task").addEventListener("click", beginMessage);

  return {
    begin,

    /** Inserts the text at the caret. */
    insert(text) {
      box.focus();
      box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input"));
    },

    /** Gives a text back to be corrected, with what is wrong with it. Returns whether there was place for it. */
    correct(text, problem) {
      if (box.value || task.kind !== "message") return false;
      write(text);
      setContent(byId("composer-problem"), problem);
      return true;
    },

    openRoom(name) {
      draftKey = `draft.${name}`;
      beginMessage();
    },
  };
}

function describeBytesLeft(bytes) {
  if (bytes < 0) return `${-bytes} bytes too long`;
  return bytes < NEAR_LIMIT_BYTES && `${bytes} bytes left`;
}

function describeTask({ kind, target }) {
  if (kind === "message") return "";
  return `${kind === "edit" ? "Editing" : `Reply to ${isolateName(target.from)}`}: ${target.message}`;
}

/**
 * Puts the focus into the message box, unless a keyboard would open over the conversation that somebody came to read, or the focus is in the page around the frame.
 */
export function focusComposer() {
  const isWanted = matchMedia("(pointer: fine)").matches && (!isEmbedded() || document.hasFocus());
  if (isWanted) byId("message-box").focus();
}
