// What the user has said or changed and the server has not confirmed, kept and shown. Each has a key of its own in Web Storage: tabs do
// not overwrite each other. A value that cannot be read is ignored, not deleted.
import { userStorage } from "./user-storage.js";
/** @import { DatedEntry, Entry, KeyValueStorage, Quote, ShownEntry, Unsent, UnsentChange, UnsentMessage } from "./types.js" */

const PREFIX = "outbox.";
const MESSAGE_VERSION = 1; // the first stored messages had none
const CHANGE_VERSION = 2; // a page that knows only messages does not read it

/**
 * Returns the user's unsent messages and changes.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function openOutbox(storage, user) {
  const own = userStorage(storage, user);
  /** @type {Map<string, Unsent>} */
  const items = new Map();
  for (const key of own.keys().filter((name) => name.startsWith(PREFIX))) {
    const item = parseItem(own.getItem(key), key.slice(PREFIX.length), user);
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
      if (item.state === "sent") own.removeItem(PREFIX + item.id);
      else own.setItem(PREFIX + item.id, JSON.stringify({ v, ...item }));
    },

    /** @param {string} id */
    remove(id) {
      items.delete(id);
      own.removeItem(PREFIX + id);
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
  const {
    v = MESSAGE_VERSION,
    id = key,
    from = user,
    room,
    sentAt,
    state,
    error,
    after,
    ...stored
  } = parseObject(json);
  if (id !== key || from !== user || !room) return undefined;
  const isFailed = state === "failed";
  const common = {
    id,
    from,
    room: String(room),
    sentAt: Date.parse(sentAt) ? sentAt : new Date().toISOString(),
    state: isFailed ? /** @type {const} */ ("failed") : /** @type {const} */ ("pending"),
    error: isFailed ? String(error || "Not sent.") : undefined,
    ...(typeof after === "number" && { after }),
  };
  const { mentions } = stored;
  if (Array.isArray(mentions)) Object.assign(common, { mentions: mentions.map(String) });
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

/**
 * Returns the entries as they will be after the changes; one that failed changes nothing and is named at its message.
 * @param {DatedEntry[]} entries
 * @param {UnsentChange[]} changes in the order in which they were made
 * @param {string} me
 * @returns {ShownEntry[]}
 */
export function withChanges(entries, changes, me) {
  if (!changes.length) return entries;
  const targets = new Set(changes.map(({ target }) => target));
  return entries.map((entry) => {
    if (!targets.has(entry.id)) return entry;
    return changes.filter(({ target }) => target === entry.id).reduce((shown, one) => apply(shown, one, me), entry);
  });
}

/**
 * Returns the entries with the messages that are not sent: at the end, but one that could not be sent where it was typed.
 * @param {ShownEntry[]} entries in everybody's order
 * @param {UnsentMessage[]} unsent in the order in which they were typed
 * @returns {(ShownEntry | UnsentMessage)[]}
 */
export function withUnsent(entries, unsent) {
  if (!unsent.length) return entries;
  /** @type {any[]} */
  const shown = [...entries];
  for (const item of unsent) {
    const { state, after = Infinity } = item;
    const index = state === "failed" ? shown.findIndex(({ seq }) => seq > after) : -1;
    shown.splice(index < 0 ? shown.length : index, 0, item);
  }
  return shown;
}

/**
 * Returns how many people reacted with each emoji.
 * @param {Entry} entry
 * @returns {Record<string, number>}
 */
export function countReactions({ reactions = {}, reactionCounts = {} }) {
  const listed = Object.entries(reactions).map(([emoji, users]) => [emoji, users.length]);
  return { ...Object.fromEntries(listed), ...reactionCounts };
}

/**
 * Returns whether the user has reacted with the emoji. The list has only the first users.
 * @param {Entry} entry
 * @param {string} emoji
 * @param {string} me
 */
export function hasReacted(entry, emoji, me) {
  const users = entry.reactions?.[emoji] ?? [];
  if (users.includes(me)) return true;
  return users.length < (countReactions(entry)[emoji] ?? 0) && Boolean(entry.ownReactions?.[emoji]);
}

/**
 * @param {ShownEntry} entry
 * @param {UnsentChange} change
 * @param {string} me
 * @returns {ShownEntry}
 */
function apply(entry, change, me) {
  if (change.state === "failed") return { ...entry, failedChange: change };
  if (change.kind === "edit") return { ...entry, message: change.message, pendingChange: "edit" };
  if (change.kind === "delete") return { ...entry, pendingChange: "delete" };
  const { emoji = "", on } = change;
  const counts = countReactions(entry);
  const step = Number(on) - Number(hasReacted(entry, emoji, me));
  const others = (entry.reactions?.[emoji] ?? []).filter((user) => user !== me);
  return {
    ...entry,
    reactions: { ...entry.reactions, [emoji]: on ? [...others, me] : others },
    ownReactions: { ...entry.ownReactions, [emoji]: Boolean(on) },
    reactionCounts: { ...counts, [emoji]: Math.max(0, (counts[emoji] ?? 0) + step) },
    pendingEmojis: [...(entry.pendingEmojis ?? []), emoji],
  };
}
