// The log of a room, as a client knows it: its entries by id and in everybody's order, which of them are known, and one
// message from several versions of it. The log numbers its entries 1, 2, 3 … without gaps; a run is a part of it of
// which nothing is missing. `{ after: 4, last: 9 }` has the entries 5 to 9; `{ after: 0, last: 0 }` says that nothing
// precedes entry 1.
/** @import { ChangeFrame, DatedEntry, Entry, Gap, MessageFrame, Run } from "./types.js" */

/**
 * Returns the entries in everybody's order: messages by their number; what is no message (somebody joined, a notice)
 * stands before the first message that was said later. An entry without a time has no place yet.
 * @param {Iterable<Entry>} entries
 * @returns {DatedEntry[]}
 */
export function inOrder(entries) {
  const dated = [...entries].filter(isDated);
  const messages = dated.filter(isMessage).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const notes = dated.filter((entry) => !isMessage(entry)).sort(byTime);
  /** @type {DatedEntry[]} */
  const ordered = [];
  let next = 0;
  for (const message of messages) {
    while (next < notes.length && notes[next].sentAt < message.sentAt) ordered.push(notes[next++]);
    ordered.push(message);
  }
  while (next < notes.length) ordered.push(notes[next++]);
  return ordered;
}

/**
 * Entries by id.
 * @extends {Map<string, Entry>}
 */
export class Entries extends Map {
  /** @type {DatedEntry[] | undefined} undefined: to be made anew */
  #ordered;
  #lastSeq = 0;
  #lastNoteAt = "";
  #lastMessageAt = "";

  /** Returns the entries in everybody's order. */
  ordered() {
    return (this.#ordered ??= this.#arrange()).slice();
  }

  /**
   * @param {string} id
   * @param {Entry} entry
   */
  set(id, entry) {
    const known = this.get(id);
    super.set(id, entry);
    if (!this.#ordered) return this;
    if (known && isDated(known)) this.#replace(this.#ordered, known, entry);
    else if (isDated(entry)) this.#add(this.#ordered, entry);
    return this;
  }

  /** @param {string} id */
  delete(id) {
    this.#ordered = undefined;
    return super.delete(id);
  }

  clear() {
    this.#ordered = undefined;
    super.clear();
  }

  #arrange() {
    [this.#lastSeq, this.#lastNoteAt, this.#lastMessageAt] = [0, "", ""];
    const ordered = inOrder(this.values());
    for (const entry of ordered) this.#noteEnd(entry);
    return ordered;
  }

  /** @param {DatedEntry} entry */
  #noteEnd(entry) {
    if (isMessage(entry)) {
      this.#lastSeq = Math.max(this.#lastSeq, entry.seq ?? 0);
      if (entry.sentAt > this.#lastMessageAt) this.#lastMessageAt = entry.sentAt;
    } else if (entry.sentAt > this.#lastNoteAt) this.#lastNoteAt = entry.sentAt;
  }

  /**
   * @param {DatedEntry[]} ordered
   * @param {DatedEntry} known
   * @param {Entry} entry
   */
  #replace(ordered, known, entry) {
    const { seq, sentAt, from } = known;
    const isSamePlace = entry.seq === seq && entry.sentAt === sentAt && entry.from === from;
    const index = isSamePlace ? ordered.lastIndexOf(known) : -1;
    if (index < 0) this.#ordered = undefined;
    else ordered[index] = /** @type {DatedEntry} */ (entry);
  }

  /**
   * @param {DatedEntry[]} ordered
   * @param {DatedEntry} entry
   */
  #add(ordered, entry) {
    const { sentAt, seq = 0 } = entry;
    const isLast = isMessage(entry)
      ? seq > this.#lastSeq && sentAt > this.#lastNoteAt
      : sentAt >= this.#lastMessageAt && sentAt >= this.#lastNoteAt;
    if (!isLast) {
      this.#ordered = undefined;
      return;
    }
    ordered.push(entry);
    this.#noteEnd(entry);
  }
}

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

/**
 * @param {DatedEntry} a
 * @param {DatedEntry} b
 */
function byTime(a, b) {
  return a.sentAt < b.sentAt ? -1 : Number(a.sentAt > b.sentAt);
}

/** @param {Entry} entry */
export function isMessage({ from }) {
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
