// What is known of one room, and what a frame from the server changes about it.
import { Entries, addRun, entryOf, gapsOf, isOwn, lastKnown, mergeEntry, numberOf } from "./log.js";
import { applyNews, createRoster, createRules, noteAct, noteAway, noteJoinedRules, replaceRoster } from "./members.js";
import { countMessage, noteMention, notePlace, noteReadElsewhere } from "./unread.js";
/** @import { ActFrame, ChangeFrame, Entry, Frame, FrameRules, MessageFrame, Page, Room } from "./types.js" */

const TYPING_MS = 6000;
const KEPT_ENTRIES = 500; // of a room that the user leaves for another one

/**
 * Returns a room of which nothing is known yet.
 * @param {string} name
 * @returns {Room}
 */
export function createRoom(name) {
  return {
    name,
    title: "",
    other: "",
    kind: name.startsWith("~") ? "private" : "public",
    rules: createRules(),
    membership: "idle",
    isAdmin: false,
    isPlaced: false,
    entries: new Entries(),
    typing: new Map(),
    roster: createRoster(),
    runs: [],
    head: 0,
    first: 1,
    rejoinedAt: null,
    unmarkedAfter: null,
    isIncomplete: false,
    olderFailures: 0,
    olderBefore: null,
    isLoadingOlder: false,
    wanted: null,
    read: 0,
    marked: 0,
    counted: null,
    newer: new Set(),
    me: "",
    storedAt: null,
    storedIds: null,
    mentioned: new Set(),
    level: "all",
  };
}

/**
 * Takes over what a frame says the room is, and is called; `with` is the other user of a direct room.
 * @param {Room} room
 * @param {{ title?: string | null, with?: string, kind?: string }} frame
 */
export function noteTitle(room, { title, with: other, kind }) {
  room.title = title ?? room.title;
  room.kind = kind ?? room.kind;
  room.other = other ?? room.other;
}

/**
 * Returns what people see in place of the room's name.
 * @param {Room} room
 * @param {{ nameOf: (user: string) => string }} names
 */
export function titleOf({ name, title, other }, names) {
  return other ? names.nameOf(other) : title || name;
}

/**
 * Forgets the older part of a long conversation; it can be loaded again.
 * @param {Room} room
 * @param {number} [kept] how many of the last entries are kept
 */
export function trimRoom(room, kept = KEPT_ENTRIES) {
  const ordered = room.entries.ordered();
  const first = ordered.slice(-kept).find(({ seq }) => seq);
  if (room.isLoadingOlder || ordered.length <= kept || !first?.seq) return;
  const after = first.seq - 1;
  for (const { id } of ordered.slice(0, ordered.indexOf(first))) room.entries.delete(id);
  room.runs = room.runs
    .filter(({ last }) => last > after)
    .map((run) => ({ after: Math.max(run.after, after), last: run.last }));
}

/**
 * Notes that the room is being joined. If something of it is known, what was missed since then is asked for by number.
 * @param {Room} room
 */
export function beginJoin(room) {
  room.membership = "joining";
  room.rejoinedAt = room.runs.length ? lastKnown(room.runs) : null;
}

/**
 * Returns the number before which older messages can be loaded, or null at the beginning of what is kept.
 * @param {Room} room
 */
export function olderCursor({ runs, first }) {
  return runs.length && runs[0].after >= first ? runs[0].after + 1 : null;
}

/**
 * Returns what is missing in the room, in order. While frames may only be out of order, their gaps are left out.
 * @param {Room} room
 */
export function shownGaps({ runs, head, first, unmarkedAfter }) {
  return gapsOf(runs, head, first).filter(({ after }) => unmarkedAfter === null || after < unmarkedAfter);
}

/**
 * Changes the room as the frame says.
 * @param {Room} room
 * @param {Frame} frame
 * @param {string} me
 * @param {number} now
 */
export function applyFrame(room, frame, me, now) {
  room.me = me;
  if ("user" in frame && frame.user && frame.type !== "typing") room.typing.delete(frame.user);
  if ("from" in frame && frame.from) room.typing.delete(frame.user ?? frame.from);
  if (frame.type && frame.type in RULES) RULES[frame.type](room, frame, me, now);
  else if (!frame.type || "seq" in frame) {
    putLive(room, /** @type {MessageFrame | ChangeFrame | ActFrame} */ (frame), me);
  }
}

/** @type {FrameRules} */
const RULES = {
  typing({ typing }, { user }, _, now) {
    typing.set(user, now + TYPING_MS);
  },
  system(room, frame, _, now) {
    const { event, user, at = new Date(now).toISOString() } = frame;
    if (user) applyNews(room.roster, user, event, at);
    const id = `${event} ${user ?? room.entries.size} ${at}`;
    putEntry(room, { id, event, user, message: frame.message, sentAt: at });
  },
  joined(room, frame, me) {
    noteTitle(room, frame);
    room.isAdmin = frame.admin;
    room.membership = "joined";
    replaceRoster(room.roster, frame);
    const isShorter = room.rejoinedAt !== null && frame.head !== null && frame.head < room.rejoinedAt;
    if (isShorter || isOtherLog(room, frame.messages)) forgetLog(room);
    else if (room.storedAt !== null) removeBefore(room, frame.first ?? 1);
    room.storedAt = null;
    noteJoinedRules(room, frame);
    if (frame.mentioned) room.mentioned.clear(); // what is not mentioned any more was perhaps not told
    notePlace(room, frame);
    for (const message of frame.messages) noteMention(room, message, me);
    room.isIncomplete = frame.head === null;
    if (room.rejoinedAt === null) addPage(room, frame, null);
    else noteEnds(room, frame.head, frame.first); // the page would hide what was missed before it
  },
  history(room, frame) {
    if (room.olderBefore === null) room.isIncomplete = frame.head === null;
    addPage(room, frame, room.olderBefore);
  },
  around(room, { messages, before, after, head, first }) {
    noteEnds(room, head, first);
    for (const message of messages) putEntry(room, entryOf(message));
    room.runs = addRun(room.runs, { after: (before ?? first) - 1, last: after ?? head });
  },
  since(room, { after, entries, head, first, complete }, me) {
    room.isIncomplete = head === null;
    if (isOtherLog(room, entries)) {
      forgetLog(room);
      room.isIncomplete = true; // the newest messages are asked for
      return;
    }
    noteEnds(room, head, first);
    if (head === null) return;
    for (const entry of entries) putLive(room, entry, me);
    if (complete) room.runs = addRun(room.runs, { after, last: entries.at(-1)?.seq ?? after });
    else room.unmarkedAfter = null; // there is a gap: it is shown at once
  },
  roster(room, frame) {
    replaceRoster(room.roster, frame);
    noteEnds(room, frame.head, frame.first);
  },
  read(room, { seq, unread }) {
    noteReadElsewhere(room, seq, unread);
  },
  // In a room that is not joined, nothing else tells of the message.
  mentioned(room, frame, me) {
    countMessage(room, frame);
    noteMention(room, { ...frame, mentions: [me] }, me);
  },
  unmentioned({ mentioned }, { seq }) {
    mentioned.delete(seq);
  },
  level(room, { level }) {
    room.level = level;
  },
  presence({ roster }, { user, away }) {
    noteAway(roster, user, away);
  },
};

/**
 * Adds a page of messages: all that were said before the number `until`, or up to the head without one.
 * @param {Room} room
 * @param {Page} page
 * @param {number | null} until
 */
function addPage(room, { messages, before, head, first }, until) {
  noteEnds(room, head, first);
  if (head === null) return;
  for (const message of messages) putEntry(room, entryOf(message));
  room.runs = addRun(room.runs, { after: (before ?? room.first) - 1, last: until === null ? head : until - 1 });
}

/**
 * @param {Room} room
 * @param {number | null} head
 * @param {number | null} [first]
 */
function noteEnds(room, head, first) {
  room.head = Math.max(room.head, head ?? 0);
  room.first = Math.max(room.first, first ?? 1);
}

/**
 * Adds an entry of the log. One of an unknown kind has its number all the same.
 * @param {Room} room
 * @param {MessageFrame | ChangeFrame | ActFrame} frame
 * @param {string} me
 */
function putLive(room, frame, me) {
  const isMessage = !frame.type;
  if (isMessage && !isOwn(frame, me) && !room.entries.get(frame.id)?.sentAt) countMessage(room, frame);
  if (frame.type === "moderation") putEntry(room, noteAct(room, frame, me));
  else if (isMessage || frame.messageSeq) noteMention(room, putEntry(room, entryOf(frame)), me);
  if (frame.type === "reaction" && frame.user === me) noteOwnReaction(room, frame);
  if (!frame.seq) return;
  noteEnds(room, frame.seq);
  room.runs = addRun(room.runs, { after: frame.seq - 1, last: frame.seq });
}

/**
 * @param {Room} room
 * @param {ChangeFrame} frame
 */
function noteOwnReaction({ entries }, { id, emoji = "", on }) {
  const entry = entries.get(id);
  if (entry) entry.ownReactions = { ...entry.ownReactions, [emoji]: Boolean(on) };
}

/**
 * Forgets the conversation: the server's log has begun anew, or the user may not read it any more.
 * @param {Room} room
 */
export function forgetLog(room) {
  const { runs, head, first, rejoinedAt, entries, read, marked, counted, newer, mentioned, rules } = createRoom(
    room.name,
  );
  Object.assign(room, { runs, head, first, rejoinedAt, entries, read, marked, counted, newer, mentioned, rules });
  Object.assign(room, { storedAt: null, storedIds: null });
}

/**
 * @param {Room} room
 * @param {Entry} entry
 */
function putEntry({ entries }, entry) {
  const merged = mergeEntry(entries.get(entry.id), entry);
  entries.set(entry.id, merged);
  return merged;
}

/**
 * Returns whether the server's log is another one than that of what was kept: a number belongs to another message.
 * @param {Room} room
 * @param {(MessageFrame | ChangeFrame | ActFrame)[]} entries
 */
function isOtherLog({ storedIds }, entries) {
  const isOther = (/** @type {MessageFrame | ChangeFrame | ActFrame} */ { type, id, seq = 0 }) => {
    const stored = storedIds?.get(seq);
    return Boolean(stored) && (Boolean(type) || stored !== id);
  };
  return Boolean(storedIds) && entries.some(isOther);
}

/**
 * Removes what was kept and the server has not: what is below `first`.
 * @param {Room} room
 * @param {number} first
 */
function removeBefore(room, first) {
  for (const [id, entry] of room.entries) if (numberOf(entry) < first) room.entries.delete(id);
  room.runs = room.runs
    .filter(({ last }) => last >= first)
    .map(({ after, last }) => ({ after: Math.max(after, first - 1), last }));
  room.rejoinedAt = room.runs.length ? lastKnown(room.runs) : null;
}
