// The message box: drafts, replies, edits, and the menu of slash commands.
import { byId, createElement, setContent } from "./dom.js";
import { isolateName } from "./format.js";

const TYPING_MS = 3000;
const NEAR_LIMIT_BYTES = 200;
const MENU_LENGTH = 9; // as many as fit on a phone; the first letters find the others
const COMMANDS = [
  "/help",
  "/join room",
  "/leave",
  "/me waves",
  "/who",
  "/rooms",
  "/remind 10m tea",
  "/reminders",
  "/forget 1",
  "/create private Team plans",
  "/direct bo",
  "/invite bo",
  "/uninvite bo",
  "/link 7d",
  "/unlink",
  "/accept ~room",
  "/members",
  "/role bo moderator",
  "/rename Team plans",
  "/remove bo",
  "/mute bo 10m",
  "/unmute bo",
  "/kick bo",
  "/ban bo 1d",
  "/unban bo",
  "/close",
  "/open",
  "/slow 30s",
  "/pin",
  "/unpin",
];

/** Returns examples of the commands that the text may become. */
export function matchCommands(text) {
  return /^\/\w*$/.test(text)
    ? COMMANDS.filter((usage) => usage.startsWith(text.toLowerCase())).slice(0, MENU_LENGTH)
    : [];
}

/**
 * Returns the composer. A task has a `kind`: "message", or "reply" and "edit" with the `target` message.
 * `onEditLast` returns whether there is one to edit.
 * `storage` is the user's, and keeps drafts.
 */
export function createComposer({ maxBytes, storage, onSend, onTyping, onEditLast }) {
  const box = byId("message-box");
  const sendButton = byId("send-button");
  let draftKey = "";
  let task;
  let commands = [];
  let chosen = 0;
  let typedAt = 0;

  function write(text) {
    if (box.value !== text) box.value = text; // the same text would move the cursor
    if (task.kind !== "edit") keepDraft(text);
    setContent(byId("composer-problem"), "");
    const bytesLeft = maxBytes - new TextEncoder().encode(text.trim()).length;
    sendButton.disabled = !text.trim() || bytesLeft < 0;
    setContent(byId("bytes-left"), describeBytesLeft(bytesLeft));
    box.rows = text.split("\n").length; // for browsers without `field-sizing`
    commands = matchCommands(text);
    chooseCommand(0);
  }

  function keepDraft(text) {
    if (text) storage.setItem(draftKey, text);
    else storage.removeItem(draftKey);
  }

  function chooseCommand(index) {
    chosen = (index + commands.length) % commands.length;
    setContent(byId("command-menu"), commands.length && box.value + chosen, () => commands.map(createOption));
    box.setAttribute("aria-activedescendant", commands.length ? `option${chosen}` : "");
    if (commands.length) byId(`option${chosen}`).scrollIntoView({ block: "nearest" });
  }

  function createOption(usage, index) {
    const onclick = () => pickCommand(usage);
    const properties = { id: `option${index}`, role: "option", ariaSelected: index === chosen, onclick };
    return createElement("li", properties, usage);
  }

  function pickCommand(usage) {
    write(`${usage.split(" ")[0]} `);
    box.focus();
  }

  function pickChosenCommand() {
    const usage = commands[chosen];
    if (!usage || usage === box.value) return false;
    pickCommand(usage);
    return true;
  }

  function moveChoice(step) {
    if (commands.length) chooseCommand(chosen + step);
    return commands.length > 0;
  }

  function begin(next) {
    task = next;
    setContent(byId("task-description"), describeTask(task));
    write(task.kind === "edit" ? task.target.message : (storage.getItem(draftKey) ?? ""));
    if (task.kind !== "message") box.focus();
  }

  const beginMessage = () => begin({ kind: "message" });

  function submit() {
    if (sendButton.disabled) return;
    const text = box.value.trim();
    const done = task;
    if (task.kind !== "edit") write("");
    beginMessage();
    typedAt = 0;
    onSend(text, done);
  }

  // Each returns whether the key was handled.
  const keys = {
    Enter() {
      if (!pickChosenCommand()) submit();
      return true;
    },
    Tab: pickChosenCommand,
    ArrowDown: () => moveChoice(1),
    ArrowUp: () => moveChoice(-1) || (!box.value && onEditLast()),
    Escape() {
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
