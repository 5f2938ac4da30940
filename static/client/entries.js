// The entries of a room's conversation, by id and in everybody's order. What comes at the end is added to the order as it
// is; the order is made anew only where something came in between.
/** @import { DatedEntry, Entry } from "./types.js" */

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
