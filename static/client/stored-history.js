// Keeping the rooms that were read last in the browser's database, to be read before the server has answered.
// IndexedDB, because a room may have a megabyte: Web Storage has five for all, and writes while the page waits. Without
// a database, or when it is full, nothing is kept and all else works. What is kept of a room is a real run of its log;
// after joining, the changes since then are asked for, as after any absence.
import { numberOf } from "./log.js";
/** @import { Chat } from "./chat.js" */
/** @import { Entry, Room, StoredRoom, UserStorage } from "./types.js" */

const DATABASE = "chat";
const STORE = "rooms";
const MAX_ROOMS = 10;
const MAX_AGE_MS = 30 * 24 * 60 * 60_000; // of a user who does not come back
const WRITE_MS = 2000;
const DAY_MS = 24 * 60 * 60_000;
const FLAG = "history"; // tells that something is kept: else the database need not be opened
const VERSION = 1; // of the stored rooms
const MAX_MESSAGES = 200;

/**
 * Returns what reads and keeps the rooms of a chat.
 * @param {Chat} chat
 * @param {object} options
 * @param {UserStorage} options.storage the user's
 * @param {number | null} [options.retentionDays] after how many days the server removes messages
 * @param {ReturnType<typeof openRooms>} [options.store]
 */
export function createHistory(chat, { storage, retentionDays, store = openRooms(chat.me) }) {
  /** @type {Map<string, string>} what of each room was written, by name */
  const written = new Map();
  /** @type {Set<string>} names of the rooms that were shown, the latest last */
  const shown = new Set();
  let timer = 0;
  let isEnded = false;

  /** @param {Room} room */
  const stateOf = ({ runs, read, title }) => JSON.stringify([runs.at(-1), read, title]);

  function roomsToKeep() {
    shown.delete(chat.room.name);
    shown.add(chat.room.name);
    const names = new Set([...[...shown].reverse(), ...chat.rooms.keys()]);
    const rooms = [...names].flatMap((name) => chat.rooms.get(name) ?? []);
    return rooms.slice(0, MAX_ROOMS);
  }

  async function write() {
    clearTimeout(timer);
    timer = 0;
    if (isEnded) return;
    const rooms = roomsToKeep();
    const names = new Set(rooms.map(({ name }) => name));
    // Only the server knows which rooms the user has left or was removed from.
    const removed = chat.connectionState.name === "live" ? [...written.keys()].filter((name) => !names.has(name)) : [];
    const changed = rooms.filter((room) => room.storedAt === null && stateOf(room) !== written.get(room.name));
    const records = changed.flatMap((room) => storedRoomOf(room, chat.names, Date.now()) ?? []);
    if (!records.length && !removed.length) return;
    for (const name of removed) written.delete(name);
    for (const room of changed) written.set(room.name, stateOf(room));
    if (records.length) storage.setItem(FLAG, "1");
    isEnded = !(await store.change(records, removed));
  }

  return {
    /** Shows the rooms that were kept, as far as nothing newer is known of them. */
    async read() {
      if (!storage.getItem(FLAG)) return;
      const oldest = retentionDays ? Date.now() - retentionDays * DAY_MS : 0;
      for (const stored of await store.read()) {
        const room = chat.rooms.get(stored.room);
        written.set(stored.room, "");
        if (!room || !restoreRoom(room, stored, oldest)) continue;
        for (const [user, name] of Object.entries(stored.names)) if (!chat.names.has(user)) chat.names.set(user, name);
        if (room === chat.room) chat.options.onFirstPage?.();
      }
      chat.options.onChange();
    },

    /** Notes that something may have changed: it is kept soon. */
    note() {
      timer ||= setTimeout(write, WRITE_MS);
    },

    /** Keeps what has changed now. */
    write,

    /** Removes all of the user's rooms, and keeps nothing any more. */
    async clear() {
      isEnded = true;
      await store.clear();
    },
  };
}

/**
 * Returns the stored rooms of a user. Its functions do nothing where there is no database.
 * @param {string} user
 */
export function openRooms(user) {
  // An array is more than any text.
  const ofUser = () => IDBKeyRange.bound([user], [user, []]);

  return {
    /** @returns {Promise<StoredRoom[]>} */
    async read() {
      const found = await access("readonly", (store) => store.getAll(ofUser()));
      return found ?? [];
    },

    /**
     * Puts and removes rooms, and returns whether that was done. When the database is full, all of the user's are removed.
     * @param {StoredRoom[]} records
     * @param {string[]} removed
     */
    async change(records, removed) {
      const done = await access("readwrite", (store) => {
        for (const record of records) store.put({ user, ...record });
        for (const name of removed) store.delete([user, name]);
        return removeOld(store);
      });
      if (done === undefined) await this.clear();
      return done !== undefined;
    },

    async clear() {
      await access("readwrite", (store) => store.delete(ofUser()));
    },
  };
}

/** @param {IDBObjectStore} store */
function removeOld(store) {
  const request = store.index("at").openKeyCursor(IDBKeyRange.upperBound(Date.now() - MAX_AGE_MS));
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    store.delete(cursor.primaryKey);
    cursor.continue();
  };
  return request;
}

/**
 * Returns the result of a request once its transaction is done, or undefined where the database is not there or took nothing.
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} work
 * @returns {Promise<any>}
 */
async function access(mode, work) {
  try {
    const database = await openDatabase();
    try {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      return request.result;
    } finally {
      database.close();
    }
  } catch (error) {
    console.warn("the browser keeps no history", error);
    return undefined;
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      const store = opening.result.createObjectStore(STORE, { keyPath: ["user", "room"] });
      store.createIndex("at", "at");
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
  });
}

/**
 * Returns what is kept of a room, or undefined when nothing of its log is known.
 * @param {Room} room
 * @param {Map<string, string>} names
 * @param {number} now
 * @returns {StoredRoom | undefined}
 */
export function storedRoomOf({ name, title, other, read, first, runs, entries }, names, now) {
  const run = runs.at(-1);
  if (!run) return undefined;
  const isInRun = (/** @type {Entry} */ entry) => numberOf(entry) > run.after && numberOf(entry) <= run.last;
  const known = [...entries.values()].filter((entry) => entry.sentAt && isInRun(entry));
  known.sort((a, b) => numberOf(a) - numberOf(b));
  const kept = known.slice(-MAX_MESSAGES);
  const after = kept.length < known.length ? numberOf(kept[0]) - 1 : run.after;
  const users = new Set(
    kept.flatMap(({ user = "", act, reactions = {} }) => [
      user,
      act?.by,
      act?.user,
      ...Object.values(reactions).flat(),
    ]),
  );
  return {
    v: VERSION,
    room: name,
    title,
    other,
    read,
    first,
    run: { after, last: run.last },
    entries: kept,
    names: Object.fromEntries([...names].filter(([user]) => users.has(user) || user === other)),
    at: now,
  };
}

/**
 * Puts what was kept into a room of which nothing is known yet, and returns whether it did.
 * @param {Room} room
 * @param {StoredRoom} stored
 * @param {number} [oldest] what was said before this time is not kept any more, in milliseconds
 */
function restoreRoom(room, { v, title, other, read, first, run, entries, at }, oldest = 0) {
  if (v !== VERSION || room.runs.length || room.membership === "joined") return false;
  const kept = entries.filter(({ sentAt = "" }) => Date.parse(sentAt) >= oldest);
  const last = kept.findLast(({ from }) => from);
  if (!last) return false;
  const after = kept.length < entries.length ? numberOf(kept[0]) - 1 : run.after;
  // The last message is asked for again: by its id the log is known to be the same.
  const end = Math.max(after, numberOf(last) - 1);
  Object.assign(room, {
    title: room.title || title,
    other: room.other || other,
    read: Math.max(room.read, read),
    first,
    runs: [{ after, last: end }],
    head: end,
    rejoinedAt: room.membership === "joining" ? end : null,
    storedAt: at,
    storedIds: new Map(kept.filter(({ from }) => from).map((entry) => [numberOf(entry), entry.id])),
  });
  for (const entry of kept) room.entries.set(entry.id, entry);
  return true;
}
