// What is known of one room, and what a frame from the server changes about it.
import { mergeEntry, messagesOf } from "./messages.js";
/** @import { Entry, Frame, HistoryFrame, JoinedFrame, ReactionFrame, Room } from "./types.js" */

const TYPING_MS = 6000;
const MAX_CATCH_UP_PAGES = 5;
// "!" sorts before every letter and digit: the mark stands before the entries of the same time.
const GAP_ID = "!";

/**
 * Returns a room of which nothing is known yet.
 * @param {string} name
 * @param {string} [readPosition]
 * @returns {Room}
 */
export function createRoom(name, readPosition = "") {
  return {
    name,
    membership: "idle",
    isAdmin: false,
    entries: new Map(),
    people: new Set(),
    morePeople: 0,
    typing: new Map(),
    readPosition,
    olderCursor: null,
    isLoadingOlder: false,
    catchUp: null,
  };
}

/**
 * Notes that the room is being joined, and which messages are known: a page that holds one of them leaves no gap.
 * @param {Room} room
 * @param {number} now milliseconds
 */
export function beginJoin(room, now) {
  const knownIds = new Set(messagesOf(room).map(({ id }) => id));
  room.membership = "joining";
  room.catchUp = knownIds.size ? { knownIds, pages: 0, gapId: `${GAP_ID}${now}` } : null;
}

/**
 * Changes the room as the frame says. Returns the cursor of an older page when that is needed to close a gap.
 * @param {Room} room
 * @param {Frame} frame
 * @param {number} now milliseconds
 * @returns {string | undefined}
 */
export function applyFrame(room, frame, now) {
  if (frame.type === "typing") {
    room.typing.set(frame.user, now + TYPING_MS);
    return undefined;
  }
  stopTyping(room, frame);
  switch (frame.type) {
    case "joined":
      admit(room, frame);
      return addPage(room, frame, now);
    case "history":
      return addPage(room, frame, now);
    case "reaction":
      putEntry(room, { id: frame.id, reactions: changeReactions(room.entries.get(frame.id), frame) });
      return undefined;
    case "system": {
      const { event, user, at = new Date(now).toISOString() } = frame;
      if (user) changePeople(room.people, event, user);
      putEntry(room, { ...frame, id: `${event} ${user ?? room.entries.size} ${at}`, sentAt: at });
      return undefined;
    }
    case undefined:
    case "edited":
    case "deleted":
      putEntry(room, frame);
  }
  return undefined;
}

/**
 * Ends the typing of whoever sent the frame.
 * @param {Room} room
 * @param {Frame} frame
 */
function stopTyping(room, frame) {
  if ("from" in frame && frame.from) room.typing.delete(frame.from);
  else if ("user" in frame && frame.user) room.typing.delete(frame.user);
}

/**
 * @param {Room} room
 * @param {Entry} entry
 */
function putEntry(room, entry) {
  room.entries.set(entry.id, mergeEntry(room.entries.get(entry.id), entry));
}

/**
 * @param {Entry | undefined} entry
 * @param {ReactionFrame} frame
 */
function changeReactions(entry, { emoji, user, on }) {
  const others = (entry?.reactions?.[emoji] ?? []).filter((other) => other !== user);
  return { ...entry?.reactions, [emoji]: on ? [...others, user] : others };
}

/**
 * @param {Set<string>} people
 * @param {string} event
 * @param {string} user
 */
function changePeople(people, event, user) {
  if (event === "joined") people.add(user);
  else people.delete(user);
}

/**
 * @param {Room} room
 * @param {JoinedFrame} frame
 */
function admit(room, { users, user, count, admin }) {
  room.people = new Set([...users, user]);
  room.morePeople = Math.max(0, count - room.people.size);
  room.isAdmin = admin;
  room.membership = "joined";
}

/**
 * Adds a page of the past. Returns the cursor of the page before it while a gap is open.
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

  const hasNoGap = !catchUp || messages.some(({ id }) => catchUp.knownIds.has(id));
  if (complete && hasNoGap) {
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
