// What is known of one room, and what a frame from the server changes about it.
/** @import { DatedEntry, Entry, Frame, FrameRules, HistoryFrame, JoinedFrame, Room } from "./types.js" */

const TYPING_MS = 6000;
const MAX_CATCH_UP_PAGES = 5;
const GAP_ID = "!"; // sorts before other ids

/**
 * Returns a room of which nothing is known yet.
 * @param {string} name
 * @param {string} [readPosition]
 * @returns {Room}
 */
export function createRoom(name, readPosition = "") {
  return {
    name,
    readPosition,
    membership: "idle",
    isAdmin: false,
    entries: new Map(),
    people: new Set(),
    morePeople: 0,
    typing: new Map(),
    olderCursor: null,
    isLoadingOlder: false,
    catchUp: null,
  };
}

/**
 * Returns an entry's place in the order, which compares as text.
 * @param {DatedEntry} entry
 */
export function positionOf({ sentAt, id }) {
  return `${sentAt} ${id}`;
}

/**
 * Returns the entries in everybody's order.
 * @param {Room} room
 */
export function orderedEntries({ entries }) {
  return [...entries.values()].filter(isDated).sort((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
}

/**
 * Returns whether somebody else said this after the position.
 * @param {DatedEntry} entry
 * @param {string} me
 * @param {string} readPosition
 */
export function isUnread(entry, me, readPosition) {
  return Boolean(entry.from) && entry.from !== me && positionOf(entry) > readPosition;
}

/**
 * Returns how many messages the user has not read.
 * @param {Room} room
 * @param {string} me
 */
export function countUnread(room, me) {
  return messagesOf(room).filter((message) => isUnread(message, me, room.readPosition)).length;
}

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
 * Notes that the room is being joined, and what is known: a page that overlaps with it leaves no gap.
 * @param {Room} room
 * @param {number} now
 */
export function beginJoin(room, now) {
  const knownIds = new Set(messagesOf(room).map(({ id }) => id));
  room.membership = "joining";
  room.catchUp = knownIds.size ? { knownIds, pages: 0, gapId: `${GAP_ID}${now}` } : null;
}

/**
 * Changes the room as the frame says. Returns the cursor of an older page that is needed to close a gap.
 * @param {Room} room
 * @param {Frame} frame
 * @param {number} now
 * @returns {string | void}
 */
export function applyFrame(room, frame, now) {
  if ("user" in frame && frame.user && frame.type !== "typing") room.typing.delete(frame.user);
  if ("from" in frame && frame.from) room.typing.delete(frame.from);
  if (frame.type && frame.type in RULES) return RULES[frame.type](room, frame, now);
  // A message, or new fields of one.
  if ("id" in frame) putEntry(room, frame);
}

/** @type {FrameRules} */
const RULES = {
  typing({ typing }, { user }, now) {
    typing.set(user, now + TYPING_MS);
  },
  reaction(room, { id, emoji, user, on }) {
    const { reactions } = room.entries.get(id) ?? {};
    const others = (reactions?.[emoji] ?? []).filter((other) => other !== user);
    putEntry(room, { id, reactions: { ...reactions, [emoji]: on ? [...others, user] : others } });
  },
  system(room, frame, now) {
    const { event, user, at = new Date(now).toISOString() } = frame;
    if (user && event === "joined") room.people.add(user);
    if (user && event === "left") room.people.delete(user);
    putEntry(room, { ...frame, id: `${event} ${user ?? room.entries.size} ${at}`, sentAt: at });
  },
  joined(room, frame, now) {
    room.people = new Set([...frame.users, frame.user]);
    room.morePeople = Math.max(0, frame.count - room.people.size);
    room.isAdmin = frame.admin;
    room.membership = "joined";
    return addPage(room, frame, now);
  },
  history: addPage,
};

/**
 * @param {Room} room
 * @param {JoinedFrame | HistoryFrame} page
 * @param {number} now
 */
function addPage(room, { messages, before, complete }, now) {
  const { catchUp, entries } = room;
  const start = messages[0]?.sentAt ?? new Date(now).toISOString();
  const gapId = catchUp?.gapId ?? GAP_ID;
  if (!messagesOf(room).some(({ sentAt }) => sentAt < start)) room.olderCursor = before;
  for (const message of messages) putEntry(room, message);
  entries.delete(gapId);
  const overlaps = !catchUp || messages.some(({ id }) => catchUp.knownIds.has(id));
  if (complete && overlaps) {
    room.catchUp = null;
    return undefined;
  }
  if (catchUp && before) {
    catchUp.pages += 1;
    if (catchUp.pages < MAX_CATCH_UP_PAGES) return before;
  }
  entries.set(gapId, { id: gapId, event: "gap", message: "Messages may be missing here.", sentAt: start });
  return undefined;
}

/**
 * @param {Room} room
 * @param {Entry} entry
 */
function putEntry({ entries }, entry) {
  entries.set(entry.id, mergeEntry(entries.get(entry.id), entry));
}

/** @param {Room} room */
function messagesOf({ entries }) {
  return [...entries.values()].filter(isDated).filter(({ from }) => from);
}

/**
 * @param {Entry} entry
 * @returns {entry is DatedEntry}
 */
function isDated(entry) {
  return Boolean(entry.sentAt);
}
