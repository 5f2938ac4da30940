// What the user has said or changed and the server has not confirmed. Each has a key of its own in Web Storage: tabs do
// not overwrite each other. A value that cannot be read is ignored, not deleted.
/** @import { KeyValueStorage, Quote, Unsent, UnsentChange, UnsentMessage } from "./types.js" */

const MESSAGE_VERSION = 1; // the first stored messages had none
const CHANGE_VERSION = 2; // a page that knows only messages does not read it

/**
 * Returns the user's unsent messages and changes.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function openOutbox(storage, user) {
  const prefix = `chat.outbox.${user}.`;
  /** @type {Map<string, Unsent>} */
  const items = new Map();
  for (const key of Object.keys(storage).filter((name) => name.startsWith(prefix))) {
    const item = parseItem(storage.getItem(key), key.slice(prefix.length), user);
    if (item) items.set(item.id, item);
  }

  return {
    /** @param {string} id */
    get: (id) => items.get(id),

    /** Returns the messages and changes in the order in which they were made. */
    all: () => [...items.values()].sort((a, b) => (a.sentAt < b.sentAt ? -1 : Number(a.sentAt > b.sentAt))),

    /**
     * Returns a room's messages.
     * @param {string} room
     * @returns {UnsentMessage[]}
     */
    messages(room) {
      return this.all()
        .filter((item) => item.kind === "message")
        .filter((item) => item.room === room);
    },

    /**
     * Returns the changes of a room's messages.
     * @param {string} room
     * @returns {UnsentChange[]}
     */
    changes(room) {
      return this.all()
        .filter((item) => item.kind !== "message")
        .filter((item) => item.room === room);
    },

    /** @param {Unsent} item */
    put(item) {
      items.set(item.id, item);
      const v = item.kind === "message" ? MESSAGE_VERSION : CHANGE_VERSION;
      // A reload must not send again what was accepted.
      if (item.state === "sent") storage.removeItem(prefix + item.id);
      else storage.setItem(prefix + item.id, JSON.stringify({ v, ...item }));
    },

    /** @param {string} id */
    remove(id) {
      items.delete(id);
      storage.removeItem(prefix + id);
    },
  };
}

/**
 * @param {string | null} json
 * @param {string} key the id, as the storage key has it
 * @param {string} user
 * @returns {Unsent | undefined}
 */
function parseItem(json, key, user) {
  const { v = MESSAGE_VERSION, id = key, from = user, room, sentAt, state, error, ...stored } = parseObject(json);
  // The prefix of the user "a" also begins the keys of the user "a.b": the author tells them apart.
  if (id !== key || from !== user || !room) return undefined;
  const isFailed = state === "failed";
  const common = {
    id,
    from,
    room: String(room),
    sentAt: Date.parse(sentAt) ? sentAt : new Date().toISOString(),
    state: isFailed ? /** @type {const} */ ("failed") : /** @type {const} */ ("pending"),
    error: isFailed ? String(error ?? "Not sent.") : undefined,
  };
  if (v === MESSAGE_VERSION) return parseMessage(common, stored);
  return v === CHANGE_VERSION ? parseChange(common, stored) : undefined;
}

/**
 * @param {Omit<UnsentMessage, "kind" | "message">} common
 * @param {{ message?: unknown, replyTo?: Quote }} stored
 * @returns {UnsentMessage | undefined}
 */
function parseMessage(common, { message, replyTo }) {
  if (!message) return undefined;
  return { kind: "message", ...common, message: String(message), replyTo: replyTo?.message ? replyTo : undefined };
}

/**
 * @param {Omit<UnsentChange, "kind" | "target">} common
 * @param {{ kind?: string, target?: unknown, message?: unknown, emoji?: unknown, on?: unknown }} stored
 * @returns {UnsentChange | undefined}
 */
function parseChange(common, { kind, target, message, emoji, on = true }) {
  const change = { ...common, target: String(target ?? "") };
  if (!change.target) return undefined;
  if (kind === "edit" && message) return { ...change, kind, message: String(message) };
  if (kind === "react" && emoji) return { ...change, kind, emoji: String(emoji), on: Boolean(on) };
  return kind === "delete" ? { ...change, kind } : undefined;
}

/** @param {string | null} json */
function parseObject(json) {
  try {
    return JSON.parse(json ?? "") ?? {};
  } catch {
    return {};
  }
}
