// The entries of a conversation: one message from several versions of it, and everybody's order.
/** @import { ChangeFrame, DatedEntry, Entry, MessageFrame } from "./types.js" */

/**
 * Returns the entry of a message, or what a change says about one: all that can change, with the values as they are now.
 * @param {MessageFrame | ChangeFrame} frame
 * @returns {Entry}
 */
export function entryOf(frame) {
  const { id, room, from, message, version, seq, editedAt, deletedAt, reactions, reactionCounts, replyTo } = frame;
  // A field that is absent is not set: in a newer version it replaces the older value.
  const mutable = { message, version, editedAt, deletedAt, reactions, reactionCounts, replyTo };
  const author = from && { from };
  if (!frame.type) return { id, room, seq, sentAt: frame.sentAt, clientId: frame.clientId, ...author, ...mutable };
  // Of a message that retention has removed, the time of the deletion is not known.
  if (frame.type === "deleted") mutable.deletedAt ??= frame.at;
  return { id, room, seq: frame.messageSeq, ...author, ...mutable };
}

/**
 * Returns one entry from two versions of it: the higher version has what can change.
 * @param {Entry | undefined} known
 * @param {Entry} incoming
 * @returns {Entry}
 */
export function mergeEntry(known, incoming) {
  const isOlder = (incoming.version ?? 0) < (known?.version ?? 0);
  return isOlder ? { ...incoming, ...known } : { ...known, ...incoming };
}

/**
 * Returns the entries in everybody's order: messages by their number; what is no message (somebody joined, a notice)
 * stands before the first message that was said later.
 * @param {{ entries: Map<string, Entry> }} room
 */
export function orderedEntries({ entries }) {
  const dated = [...entries.values()].filter(isDated);
  const messages = dated.filter(isMessage).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const notes = dated.filter((entry) => !isMessage(entry)).sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1));
  /** @type {DatedEntry[]} */
  const ordered = [];
  let next = 0;
  for (const message of messages) {
    while (next < notes.length && notes[next].sentAt < message.sentAt) ordered.push(notes[next++]);
    ordered.push(message);
  }
  return [...ordered, ...notes.slice(next)];
}

/**
 * Returns whether somebody else said this after the entry with the number `read`.
 * @param {Entry} entry
 * @param {string} me
 * @param {number} read
 */
export function isUnread({ from, seq = 0 }, me, read) {
  return Boolean(from) && from !== me && seq > read;
}

/** @param {Entry} entry */
function isMessage({ from }) {
  return Boolean(from);
}

/**
 * A change may arrive before its message: then there is no time yet.
 * @param {Entry} entry
 * @returns {entry is DatedEntry}
 */
function isDated(entry) {
  return Boolean(entry.sentAt);
}
