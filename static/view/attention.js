// What happens while the page is not looked at: the icon of the tab and the badge of the installed app count unread
// messages, notifications tell of new ones, and the others see that the user is away: when the page is hidden, or after
// some minutes without input. A button leads from one unread mention to the next. Loaded a moment after the page.
import { countAllUnread } from "../client/unread.js";
import { byId, createElement, setContent } from "./dom.js";
import { createNotifications } from "./notifications.js";

const MAX_SHOWN = 99;
const IDLE_MS = 5 * 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

/**
 * Returns the address of an icon with a number: mentions if there are some, else unread messages.
 * @param {{ unread: number, mentions: number }} count at least one of both is not 0
 */
export function iconWithCount({ unread, mentions }) {
  const number = mentions || unread;
  const text = number > MAX_SHOWN ? `${MAX_SHOWN}+` : String(number);
  const size = [44, 40, 32][text.length - 1];
  const colour = mentions ? "#ad261c" : "#0c6b5a";
  const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="18" fill="${colour}"/>\
<text x="32" y="34" dominant-baseline="central" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${size}" \
fill="#fff">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(image)}`;
}

/** Begins all this. Returns what is to be called after every change. */
export function createAttention(page) {
  const { chat } = page;
  const icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
  const plainIcon = icon.href;
  const updateAway = createAway(chat);
  const updateJump = createMentionJump(page);
  let shown = "";
  createNotifications(page);
  update();
  return update;

  function update() {
    updateAway();
    updateJump();
    const count = countAllUnread(chat.rooms.values());
    const mark = `${count.mentions} ${count.unread}`;
    if (mark === shown) return;
    shown = mark;
    const number = Math.max(count.unread, count.mentions);
    icon.href = number ? iconWithCount(count) : plainIcon;
    setBadge(number);
  }
}

// Only an installed app has a badge, and not in every browser.
async function setBadge(number) {
  try {
    if (number) await navigator.setAppBadge?.(number);
    else await navigator.clearAppBadge?.();
  } catch {
    // The badge is not allowed here: the title tells it.
  }
}

/**
 * Returns what decides whether the user is away, and tells it when that changes. `tell` is called with true or false.
 * @param {(isAway: boolean) => void} tell
 * @param {{ idleMs?: number, isHidden?: boolean }} [options]
 */
export function createPresence(tell, { idleMs = IDLE_MS, isHidden = false } = {}) {
  let isAway = false;
  /** @type {any} */
  let timer;

  function change(value) {
    if (value === isAway) return;
    isAway = value;
    tell(isAway);
  }

  function onInput() {
    clearTimeout(timer);
    timer = setTimeout(() => change(true), idleMs);
    change(false);
  }

  function setHidden(hidden) {
    if (!hidden) onInput();
    else {
      clearTimeout(timer);
      change(true);
    }
  }

  setHidden(isHidden);
  return {
    onInput,
    setHidden,
    /** Returns whether the user is away now. */
    isAway: () => isAway,
    stop: () => clearTimeout(timer),
  };
}

/** Tells the server from now on. Returns what is called after every change of the chat: a new connection knows nothing. */
function createAway(chat) {
  let told; // the state of the connection that was told last that the user is away

  // What does not arrive is told again after the next connect.
  const tell = (isAway) => chat.request("away", { away: isAway }).catch(() => {});
  const presence = createPresence(tell, { isHidden: document.hidden });
  for (const name of INPUTS) addEventListener(name, presence.onInput, { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => presence.setHidden(document.hidden));

  return () => {
    const { connectionState: state } = chat;
    if (state === told || state.name !== "live" || chat.room.membership !== "joined") return;
    told = state;
    if (state.isNew && presence.isAway()) tell(true);
  };
}

/** Creates the button. Returns what shows it, while there are mentions in the current room that are not read. */
function createMentionJump(page) {
  const { chat } = page;
  const button = createElement("button", { id: "unread-mentions", className: "primary" });
  let shown = 0; // the number of the message that the button led to last
  button.addEventListener("click", () => {
    shown = nextMention(chat.room.mentioned, shown);
    page.screen.showEntry(chat.room.name, { seq: shown });
  });
  byId("conversation").append(button);

  return () => {
    const { size } = chat.room.mentioned;
    setContent(button, size && `@ ${size} unread mention${size > 1 ? "s" : ""}`);
  };
}

/**
 * Returns the number of the next mention after the one that was shown, or the first one again after the last.
 * @param {Iterable<number>} mentioned
 * @param {number} shown
 */
export function nextMention(mentioned, shown) {
  const ordered = [...mentioned].sort((a, b) => a - b);
  return ordered.find((seq) => seq > shown) ?? ordered[0];
}
