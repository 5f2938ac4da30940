// Tells the server that the user is away: when the page is hidden, or after some minutes without input.

const IDLE_MS = 5 * 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

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
export function createAway(chat) {
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
