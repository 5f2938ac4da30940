// What the user is told of a refusal: at the message or change that was refused, at the composer, or as an entry of the room.
/** @import { ChatOptions, Room, SystemFrame, Unsent, UnsentMessage } from "./types.js" */

const PASSING = ["internal_error", "service_unavailable", "storage_unavailable"]; // the same may work a moment later

/**
 * Returns whether an item is a slash command, which has no chat line.
 * @param {Unsent} item
 */
export function isCommand(item) {
  return item.kind === "message" && /^\/[^/]/.test(item.message);
}

/**
 * Hands the words for a refusal over: at once, or when they are there.
 * @param {{ code?: string, message?: string, retryAfter?: number }} refusal
 * @param {ChatOptions["describeRefusal"]} describe
 * @param {(text: string) => void} tell
 */
export function tellRefusal(refusal, describe, tell) {
  const text = describe ? describe(refusal) : (refusal.message ?? "");
  if (typeof text === "string") tell(text);
  else text.then(tell);
}

/**
 * Takes an error frame of the server.
 * @param {import("./chat.js").Chat} chat
 * @param {SystemFrame} frame
 * @param {Room} [room] the frame's room, if it is known
 */
export function receiveRefusal(chat, frame, room) {
  const { delivery, joins, options, outbox, questions } = chat;
  const { clientId, code, retryAfter = 1 } = frame;
  const isTooMuch = code === "rate_limited";
  if (isTooMuch && clientId && delivery.postpone(clientId, retryAfter)) return;
  if (isTooMuch && room?.membership === "joining") {
    joins.postpone(room, retryAfter);
    return;
  }
  if (room?.membership === "joining") joins.noteRefusal(room, code);
  else if (questions.isRefusal(frame)) return;
  const item = clientId ? outbox.get(clientId) : undefined;
  if (item && options.onMistyped && isCommand(item) && !PASSING.includes(code ?? "")) {
    delivery.remove(item.id);
    options.onMistyped(/** @type {UnsentMessage} */ (item), frame);
    return;
  }
  if (item && canShow(item, room)) {
    delivery.fail(item.id, frame);
    return;
  }
  if (item) delivery.remove(item.id); // its message is not here to show it
  const shownIn = openRoom(chat, room);
  tellRefusal(frame, options.describeRefusal, (text) => chat.addNotice(shownIn, text, "error"));
}

/**
 * @param {Unsent} item
 * @param {Room} [room]
 */
function canShow(item, room) {
  return item.kind === "message" || Boolean(room?.entries.has(item.target));
}

/**
 * @param {import("./chat.js").Chat} chat
 * @param {Room} [room]
 */
function openRoom({ options, room: current, rooms }, room) {
  if (room?.membership === "joined" || room?.isPlaced) return room;
  // A current room that is refused is closed; the lobby shows the error.
  return current.membership === "joined" ? current : (rooms.get(options.lobby) ?? current);
}
