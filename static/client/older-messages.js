// Loading what was said before the messages that are known.
import { backoffDelay } from "./http.js";
import { olderCursor } from "./room.js";
/** @import { Ask, Room } from "./types.js" */

/**
 * Asks for older messages of a room, until there are some or it is their beginning; one question at a time.
 * @param {Room} room
 * @param {Ask} ask
 * @param {() => void} onChange
 */
export async function loadOlderMessages(room, ask, onChange) {
  if (room.isLoadingOlder) return;
  room.isLoadingOlder = true;
  const { size } = room.entries;
  let isAnswered = true;
  while (isAnswered && room.entries.size === size && olderCursor(room)) {
    room.olderBefore = olderCursor(room);
    isAnswered = await ask("history", { before: room.olderBefore }, room);
    room.olderBefore = null;
  }
  room.olderFailures = isAnswered ? 0 : room.olderFailures + 1;
  onChange();
  if (!isAnswered) await new Promise((resolve) => setTimeout(resolve, backoffDelay(room.olderFailures)));
  room.isLoadingOlder = false;
  onChange();
}
