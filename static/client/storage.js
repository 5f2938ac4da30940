// What is kept between visits, beside the outbox: the rooms, how far each was read, and drafts. Each is plain text under a
// key of its own. A value that cannot be is read as if it were not there.
/** @import { KeyValueStorage } from "./types.js" */

const ROOMS_KEY = "chat.rooms";
const ROOM_NAME = /^[a-z0-9_][a-z0-9_-]{0,31}$/; // docs/protocol.md, "Names, times, ids"
const POSITION = /^\d{4}-\d\d-\d\dT[\d:.]+Z \S/; // the time, a space, the id

/**
 * Returns the names of the rooms that were open; the lobby alone when none are known.
 * @param {KeyValueStorage} storage
 * @param {string} lobby
 */
export function readRoomNames(storage, lobby) {
  const names = (storage.getItem(ROOMS_KEY) ?? "").split(",").filter((name) => ROOM_NAME.test(name));
  return names.length ? names : [lobby];
}

/**
 * @param {KeyValueStorage} storage
 * @param {Iterable<string>} names
 */
export function writeRoomNames(storage, names) {
  storage.setItem(ROOMS_KEY, [...names].join(","));
}

/**
 * Returns the position up to which the room was read; empty for none.
 * @param {KeyValueStorage} storage
 * @param {string} room
 */
export function readPosition(storage, room) {
  const position = storage.getItem(`chat.read.${room}`) ?? "";
  return POSITION.test(position) ? position : "";
}

/**
 * @param {KeyValueStorage} storage
 * @param {string} room
 * @param {string} position
 */
export function writePosition(storage, room, position) {
  storage.setItem(`chat.read.${room}`, position);
}

/**
 * Returns what was typed in the room and not sent; empty for nothing.
 * @param {KeyValueStorage} storage
 * @param {string} room
 */
export function readDraft(storage, room) {
  return storage.getItem(`chat.draft.${room}`) ?? "";
}

/**
 * @param {KeyValueStorage} storage
 * @param {string} room
 * @param {string} text
 */
export function writeDraft(storage, room, text) {
  storage.setItem(`chat.draft.${room}`, text);
}
