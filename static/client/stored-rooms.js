// The end of a room's log as a browser keeps it, to be read before the server has answered. What is kept is a real run of the log; after
// joining, the changes since then are asked for, as after any absence.
import { numberOf } from "./log.js";
/** @import { Entry, Room, StoredRoom } from "./types.js" */

const VERSION = 1; // of the stored rooms
const MAX_MESSAGES = 200;

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
export function restoreRoom(room, { v, title, other, read, first, run, entries, at }, oldest = 0) {
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
