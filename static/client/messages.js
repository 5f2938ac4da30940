// The entries of a conversation: how versions of one are merged, in which order they stand, and which are unread.
/** @import { DatedEntry, Entry, Room } from "./types.js" */

/**
 * Returns one entry from two versions of it: the earlier time, the newest text. A deletion stays.
 * @param {Entry | undefined} known
 * @param {Entry} incoming
 * @returns {Entry}
 */
export function mergeEntry(known, incoming) {
  const merged = { ...known, ...incoming };
  if (known?.sentAt && incoming.sentAt && known.sentAt < incoming.sentAt) merged.sentAt = known.sentAt;
  if (known?.editedAt && known.editedAt > (incoming.editedAt ?? "")) {
    merged.message = known.message;
    merged.editedAt = known.editedAt;
  }
  if (merged.deletedAt) merged.message = "";
  return merged;
}

/**
 * Returns an entry's place in everybody's order; places compare as strings.
 * @param {DatedEntry} entry
 */
export function positionOf({ sentAt, id }) {
  return `${sentAt} ${id}`;
}

/**
 * Returns the entries that have their place, in everybody's order.
 * @param {Pick<Room, "entries">} room
 */
export function orderedEntries({ entries }) {
  return [...entries.values()].filter(isDated).sort((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
}

/**
 * Returns the messages that are known, in no order.
 * @param {Pick<Room, "entries">} room
 */
export function messagesOf({ entries }) {
  return [...entries.values()].filter(isDated).filter(({ from }) => from);
}

/**
 * Returns whether somebody else wrote the entry after this position.
 * @param {DatedEntry} entry
 * @param {string} me
 * @param {string} readPosition
 */
export function isUnread(entry, me, readPosition) {
  return Boolean(entry.from) && entry.from !== me && positionOf(entry) > readPosition;
}

/**
 * Returns how many messages the user has not read.
 * @param {Pick<Room, "entries" | "readPosition">} room
 * @param {string} me
 */
export function countUnread(room, me) {
  return messagesOf(room).filter((entry) => isUnread(entry, me, room.readPosition)).length;
}

/**
 * @param {Entry} entry
 * @returns {entry is DatedEntry}
 */
function isDated(entry) {
  return Boolean(entry.sentAt);
}
