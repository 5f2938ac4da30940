// How many messages of a room the user has not read: the server's number for the log up to some entry, and what came
// live after that entry. And which of the unread messages mention the user.
import { isUnread } from "./log.js";
/** @import { Entry, Level, Room } from "./types.js" */

/**
 * Returns how many messages the user has not read. Where all of them are known, they are counted here: without the user's own,
 * which another device sent, and without those that were deleted.
 * @param {Room} room
 */
export function countUnread(room) {
  const { counted, newer } = room;
  if (!counted) return 0;
  return knowsUnread(room) ? countKnown(room) : counted.unread + newer.size;
}

/** @param {Room} room */
function knowsUnread({ runs, read, head, counted }) {
  const run = runs.at(-1);
  return run !== undefined && run.after <= read && run.last >= Math.max(head, counted?.head ?? 0);
}

/** @param {Room} room */
function countKnown({ entries, me, read }) {
  const ordered = entries.ordered();
  let count = 0;
  for (let index = ordered.length - 1; index >= 0; index -= 1) {
    const entry = ordered[index];
    if (entry.seq !== undefined && entry.seq <= read) break;
    if (isUnread(entry, me, read) && !entry.deletedAt) count += 1;
  }
  return count;
}

/**
 * Returns how many unread messages there are in all rooms, and how many of them mention the user. Rooms of which the user
 * wants to know nothing are left out.
 * @param {Iterable<Room>} rooms
 */
export function countAllUnread(rooms) {
  const heard = [...rooms].filter(({ level }) => level !== "none");
  return {
    unread: heard.reduce((sum, room) => sum + countUnread(room), 0),
    mentions: heard.reduce((sum, { mentioned }) => sum + mentioned.size, 0),
  };
}

/**
 * Takes over what the server says: the user has read up to `read`, and up to the entry `head` `unread` messages follow.
 * @param {Room} room
 * @param {{ read?: number | null, unread?: number | null, head: number | null, mentioned?: number[] | null,
 *   level?: Level | null }} place `null`: not known; `mentioned` are the unread messages that mention the user
 */
export function notePlace(room, { read, unread, head, mentioned, level }) {
  room.level = level ?? room.level;
  if (typeof read !== "number" || typeof unread !== "number" || head === null) return;
  const isOld = head < (room.counted?.head ?? 0) || read < room.marked; // it does not know yet what is known here
  if (isOld) return;
  for (const seq of mentioned ?? []) room.mentioned.add(seq);
  countFrom(room, Math.max(room.read, read), head, unread);
}

/**
 * Notes whether a message mentions the user, as it is known now.
 * @param {Room} room
 * @param {Entry} message
 * @param {string} me
 */
export function noteMention({ mentioned, read }, { seq = 0, mentions }, me) {
  if (!mentions?.includes(me)) mentioned.delete(seq);
  else if (seq > read) mentioned.add(seq);
}

/**
 * Counts a message that somebody else said live; the same one once.
 * @param {Room} room
 * @param {Entry} entry
 */
export function countMessage({ counted, newer, read }, { seq = 0 }) {
  if (seq > (counted?.head ?? 0) && seq > read) newer.add(seq);
}

/**
 * Notes that the user has read up to the entry, on another device; `unread` is the server's count then.
 * @param {Room} room
 * @param {number} seq
 * @param {number} unread
 */
export function noteReadElsewhere(room, seq, unread) {
  if (seq <= room.read) return;
  const head = Math.max(room.counted?.head ?? 0, ...room.newer);
  if (seq >= (room.counted?.head ?? 0)) countFrom(room, seq, seq, 0);
  else countFrom(room, seq, head, unread);
}

/**
 * Notes that the user has read, here, up to the entry, which is the last message. Returns whether that is new.
 * @param {Room} room
 * @param {number} seq
 */
export function markRead(room, seq) {
  if (seq <= room.read && !countUnread(room)) return false;
  room.marked = seq;
  countFrom(room, Math.max(room.read, seq), Math.max(seq, room.counted?.head ?? 0), 0);
  return true;
}

/**
 * @param {Room} room
 * @param {number} read
 * @param {number} head
 * @param {number} unread
 */
function countFrom(room, read, head, unread) {
  room.read = read;
  room.counted = { head, unread };
  room.newer = new Set([...room.newer].filter((seq) => seq > head));
  room.mentioned = new Set([...room.mentioned].filter((seq) => seq > read));
}
