// What is kept in Web Storage. A value that cannot be read is ignored, not deleted.
/** @import { KeyValueStorage, UnsentMessage } from "./types.js" */

const VERSION = 1; // of a stored message; the first had none
const ROOM_NAME = /^[a-z0-9_][a-z0-9_-]{0,31}$/;
const POSITION = /^\d{4}-\d\d-\d\dT\S+Z \S+$/; // time and id

/**
 * Returns the names of the rooms that were open, or the lobby's.
 * @param {KeyValueStorage} storage
 * @param {string} lobby
 */
export function readRoomNames(storage, lobby) {
  const names = (storage.getItem("chat.rooms") ?? "").split(",").filter((name) => ROOM_NAME.test(name));
  return names.length ? names : [lobby];
}

/**
 * Returns the position up to which the room was read, or "".
 * @param {KeyValueStorage} storage
 * @param {string} room
 */
export function readPosition(storage, room) {
  const position = storage.getItem(`chat.read.${room}`) ?? "";
  return POSITION.test(position) ? position : "";
}

/**
 * Returns the user's messages that the server has not confirmed. Each has its own key: tabs do not overwrite each other.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function openOutbox(storage, user) {
  const prefix = `chat.outbox.${user}.`;
  /** @type {Map<string, UnsentMessage>} */
  const messages = new Map();
  for (const key of Object.keys(storage).filter((name) => name.startsWith(prefix))) {
    const message = parseMessage(storage.getItem(key), key.slice(prefix.length), user);
    if (message) messages.set(message.id, message);
  }

  return {
    /** @param {string} id */
    get: (id) => messages.get(id),

    all: () => [...messages.values()].sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1)),

    /** @param {UnsentMessage} message */
    put(message) {
      messages.set(message.id, message);
      // A reload must not send again what was accepted.
      if (message.state === "sent") storage.removeItem(prefix + message.id);
      else storage.setItem(prefix + message.id, JSON.stringify({ v: VERSION, ...message }));
    },

    /** @param {string} id */
    remove(id) {
      messages.delete(id);
      storage.removeItem(prefix + id);
    },
  };
}

/**
 * @param {string | null} json
 * @param {string} key the id, as the storage key has it
 * @param {string} user
 * @returns {UnsentMessage | undefined}
 */
function parseMessage(json, key, user) {
  const { v = VERSION, id = key, from = user, room, message, replyTo, sentAt, state, error } = parseObject(json);
  // The prefix of the user "a" also begins the keys of the user "a.b": the author tells them apart.
  if (v !== VERSION || id !== key || from !== user || !room || !message) return undefined;
  const isFailed = state === "failed";
  return {
    id,
    from,
    room: String(room),
    message: String(message),
    replyTo: replyTo?.message ? replyTo : undefined,
    sentAt: Date.parse(sentAt) ? sentAt : new Date().toISOString(),
    state: isFailed ? "failed" : "pending",
    error: isFailed ? String(error ?? "Not sent.") : undefined,
  };
}

/** @param {string | null} json */
function parseObject(json) {
  try {
    return JSON.parse(json ?? "") ?? {};
  } catch {
    return {};
  }
}
