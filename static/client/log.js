// The log of a room, as a client knows it: which entries are known, one message from several versions of it, and everybody's
// order. The log numbers its entries 1, 2, 3 … without gaps; a run is a part of it of which nothing is missing.
// `{ after: 4, last: 9 }` has the entries 5 to 9; `{ after: 0, last: 0 }` says that nothing precedes entry 1.
import { isMessage } from "./entries.js";
/** @import { Entries } from "./entries.js" */
/** @import { ChangeFrame, Entry, Gap, MessageFrame, Run } from "./types.js" */

/**
 * Returns the runs with one more, in order; runs that touch become one.
 * @param {Run[]} runs
 * @param {Run} added
 */
export function addRun(runs, { after, last }) {
  const touching = runs.filter((run) => run.last >= after && run.after <= last);
  const apart = runs.filter((run) => !touching.includes(run));
  const joined = {
    after: Math.min(after, ...touching.map((run) => run.after)),
    last: Math.max(last, ...touching.map((run) => run.last)),
  };
  return [...apart, joined].sort((a, b) => a.after - b.after);
}

/**
 * Returns the number of the last entry that is known, 0 for none.
 * @param {Run[]} runs
 */
export function lastKnown(runs) {
  return runs.at(-1)?.last ?? 0;
}

/**
 * Returns what is missing between the runs and up to the head, in order; before the first run there is no gap, but
 * history that is not loaded. What is below `first` was removed from the log: that part of a gap is a gap of its own.
 * @param {Run[]} runs
 * @param {number} head number of the log's last entry
 * @param {number} first number of the first entry that is kept
 * @returns {Gap[]}
 */
export function gapsOf(runs, head, first) {
  return runs
    .map(({ last }, index) => ({ after: last, until: runs[index + 1] ? runs[index + 1].after + 1 : head + 1 }))
    .flatMap(({ after, until }) => [
      { after, until: Math.min(until, first), isRemoved: true },
      { after: Math.max(after, first - 1), until, isRemoved: false },
    ])
    .filter((gap) => gapLength(gap) > 0);
}

/**
 * Returns the number of a message or an act in the log, 0 for what has none.
 * @param {Entry} entry
 */
export function numberOf({ seq, act }) {
  return seq ?? act?.seq ?? 0;
}

/**
 * Returns how many entries are missing.
 * @param {{ after: number, until: number }} gap
 */
export function gapLength({ after, until }) {
  return until - after - 1;
}

/**
 * Returns the entry of a message, or what a change says about one: all that can change, with the values as they are now.
 * @param {MessageFrame | ChangeFrame} frame
 * @returns {Entry}
 */
export function entryOf(frame) {
  const { id, room, message, version, seq, editedAt, deletedAt, reactions, reactionCounts, replyTo, mentions } = frame;
  // A field that is absent is not set: in a newer version it replaces the older value.
  const mutable = { message, version, editedAt, deletedAt, reactions, reactionCounts, replyTo, mentions };
  if (!frame.type) {
    const { from, user = from, kind, sentAt, clientId } = frame;
    return { id, room, seq, sentAt, clientId, from, user, kind, ...mutable };
  }
  const author = frame.from && { from: frame.from, user: frame.from }; // of an erased user
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
 * Returns the entries in everybody's order, see `inOrder`.
 * @param {{ entries: Entries }} room
 */
export function orderedEntries({ entries }) {
  return entries.ordered();
}

/**
 * Returns whether somebody else said this after the entry with the number `read`.
 * @param {Entry} entry
 * @param {string} me
 * @param {number} read
 */
export function isUnread(entry, me, read) {
  return isMessage(entry) && !isOwn(entry, me) && (entry.seq ?? 0) > read;
}

/**
 * Returns whether the user wrote the message; what a reminder says is not written now.
 * @param {{ from?: string, user?: string, kind?: string }} message
 * @param {string} me
 */
export function isOwn({ from, user = from, kind }, me) {
  return user === me && kind !== "reminder";
}
