// Notifications of the browser: of messages that come while the user does not look at the chat. The user asks for them in the
// settings; a room's level says of which messages. Several tabs of a user show one.
import { isOwn } from "../client/log.js";
import { titleOf } from "../client/room.js";
import { userStorage } from "../client/user-storage.js";

const EXCERPT_LENGTH = 120;
const WANTED = "notifications"; // key of the user's storage: "on"

/**
 * Returns whether a message is worth a notification.
 * @param {{ type?: string, from?: string, user?: string, kind?: string, seq?: number, mentions?: string[] }} frame a chat line
 *   that came now, or a `mentioned` frame
 * @param {{ level: string, read: number }} room
 * @param {string} me
 */
export function isNotable(frame, { level, read }, me) {
  if (!frame.from || isOwn(frame, me) || (frame.seq ?? 0) <= read || level === "none") return false;
  return level === "all" || frame.type === "mentioned" || Boolean(frame.mentions?.includes(me));
}

/**
 * Returns what a notification says of a message: the first line or so, without line breaks.
 * @param {{ from: string, message: string }} frame
 */
export function notificationText({ from, message }) {
  const text = message.split(/\s+/).join(" ").trim();
  const characters = [...text];
  return `${from}: ${characters.length > EXCERPT_LENGTH ? `${characters.slice(0, EXCERPT_LENGTH).join("")}…` : text}`;
}

/**
 * Returns how it stands with notifications in this browser: `unsupported`, `denied`, `off`, or `on`.
 * @param {{ getItem(key: string): string | null }} storage the user's
 */
export function notificationState(storage) {
  if (!("Notification" in globalThis) || !isSecureContext) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && storage.getItem(WANTED) === "on" ? "on" : "off";
}

/**
 * Turns notifications on, after the browser has asked the user, or off. Call it from a click. Returns the state.
 * The first one shows what they look like, and whether there are any.
 */
export async function wantNotifications(storage, isWanted) {
  storage.removeItem(WANTED);
  if (!isWanted || (await Notification.requestPermission()) !== "granted") return notificationState(storage);
  const first = { body: "New messages are shown like this.", icon: "icon.svg", silent: true };
  if (!(await showNotification("Chat", first))) return "unsupported";
  storage.setItem(WANTED, "on");
  return notificationState(storage);
}

// Browsers of phones have no such constructor: there the service worker shows it, and tells the page of a click. Returns whether it
// is shown.
async function showNotification(title, options, onClick = () => {}) {
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      notification.close();
      focus();
      onClick();
    };
  } catch {
    const registration = await navigator.serviceWorker?.getRegistration();
    if (!registration?.active) return false;
    await registration.showNotification(title, options);
  }
  return true;
}

/** Shows notifications of what comes from now on. */
export function createNotifications(page) {
  const { chat } = page;
  const storage = userStorage(localStorage, chat.me);
  const looking = `chat.looking.${chat.me}`; // a lock that every tab holds while the user looks at it
  let stopLooking = () => {};

  const isLooking = () => !document.hidden && document.hasFocus();

  function noteLooking() {
    stopLooking();
    stopLooking = () => {};
    if (isLooking()) {
      const whileLooking = new Promise((resolve) => {
        stopLooking = () => resolve(undefined);
      });
      navigator.locks?.request(looking, { mode: "shared" }, () => whileLooking);
    }
  }

  async function receive(frame, room) {
    if (!room || isLooking() || !isNotable(frame, room, chat.me) || notificationState(storage) !== "on") return;
    // One tab after the other: the first one shows it.
    await navigator.locks.request(`chat.notifying.${chat.me}`, async () => {
      const { held = [] } = await navigator.locks.query();
      const key = `notified.${room.name}`;
      if (held.some(({ name }) => name === looking) || frame.sentAt <= (storage.getItem(key) ?? "")) return;
      storage.setItem(key, frame.sentAt);
      await show(frame, room);
    });
  }

  const open = ({ room, id, seq }) => page.screen.showEntry(room, { id, seq });

  function show(frame, room) {
    const data = { type: "notification clicked", user: chat.me, room: room.name, id: frame.id, seq: frame.seq };
    const options = {
      body: notificationText(frame),
      tag: `chat.${chat.me}.${room.name}`,
      icon: "icon.svg",
      silent: true,
      data,
    };
    return showNotification(titleOf(room, chat), options, () => open(data));
  }

  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (data?.type === "notification clicked" && data.user === chat.me) open(data);
  });
  chat.receivers.set(undefined, receive); // chat lines have no type
  chat.receivers.set("mentioned", receive);
  for (const event of ["focus", "blur"]) addEventListener(event, noteLooking);
  document.addEventListener("visibilitychange", noteLooking);
  noteLooking();
}
