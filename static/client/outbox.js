// Messages that the server has not confirmed. Each has its own storage key: tabs must not overwrite each other.
/** @import { DatedEntry, KeyValueStorage, UnsentMessage } from "./types.js" */

// Version of a stored message. The first version carried no number and is read as 1.
const VERSION = 1;

/** @typedef {Omit<UnsentMessage, "state" | "error">} Draft */
/** @typedef {ReturnType<typeof openOutbox>} Outbox */

/**
 * Opens the user's outbox with what an earlier visit left in it.
 * @param {KeyValueStorage} storage `localStorage`: its keys are its enumerable properties
 * @param {string} user
 */
export function openOutbox(storage, user) {
  const prefix = `chat.outbox.${user}.`;
  /** @type {Map<string, UnsentMessage>} */
  const messages = new Map();
  for (const key of Object.keys(storage).filter((name) => name.startsWith(prefix))) {
    const message = parseUnsent(storage.getItem(key), key.slice(prefix.length), user);
    if (message) messages.set(message.id, message);
  }

  return {
    /** @param {string} id */
    get: (id) => messages.get(id),

    /** Returns the messages in the order in which they were written. */
    all: () => [...messages.values()].sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1)),

    /**
     * Keeps a message. What is sent stays until it comes back, but only in memory: a reload must not send it again.
     * @param {Draft} draft
     * @param {UnsentMessage["state"]} state
     * @param {string} [error]
     */
    put(draft, state, error) {
      const message = { ...draft, state, error };
      messages.set(message.id, message);
      if (state === "sent") storage.removeItem(prefix + message.id);
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
 * Returns a stored message, or undefined for what is none: broken, another user's, or of a version that is unknown here.
 * Such an entry is left where it is, because whoever wrote it can read it.
 * @param {string | null} json
 * @param {string} id the end of the storage key
 * @param {string} user
 * @returns {UnsentMessage | undefined}
 */
function parseUnsent(json, id, user) {
  const stored = parseObject(json);
  // The key of user "a" with the id "b.1" is that of user "a.b" with the id "1": the author tells them apart.
  if (!stored || (stored.v ?? VERSION) !== VERSION || (stored.from ?? user) !== user) return undefined;
  if ((stored.id ?? id) !== id || typeof stored.room !== "string" || typeof stored.message !== "string")
    return undefined;
  const { room, message, replyTo, error } = stored;
  const isFailed = stored.state === "failed";
  return {
    id,
    from: user,
    room,
    message,
    replyTo: isQuote(replyTo) ? replyTo : undefined,
    sentAt: isTime(stored.sentAt) ? stored.sentAt : new Date().toISOString(),
    state: isFailed ? "failed" : "pending",
    error: isFailed ? String(error || "Not sent.") : undefined,
  };
}

/**
 * @param {string | null} json
 * @returns {Record<string, unknown> | undefined}
 */
function parseObject(json) {
  try {
    const value = JSON.parse(json ?? "null");
    return typeof value === "object" && value ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @returns {value is NonNullable<DatedEntry["replyTo"]>}
 */
function isQuote(value) {
  if (typeof value !== "object" || !value) return false;
  const { id, from, message } = /** @type {Record<string, unknown>} */ (value);
  return [id, from, message].every((part) => typeof part === "string");
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isTime(value) {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}
