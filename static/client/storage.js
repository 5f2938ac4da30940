// The user's rooms as they were when the chat was last open: what is shown until the server has answered. A value that
// cannot be read is ignored, not deleted.
/** @import { KeyValueStorage, Room, StoredPlace } from "./types.js" */
import { countUnread } from "./unread.js";

const VERSION = 1; // of the stored places
const ROOM_NAME = /^[a-z0-9_][a-z0-9_-]{0,31}$/;

/**
 * Returns the user's rooms with their unread counts, or the lobby.
 * @param {KeyValueStorage} storage
 * @param {string} user
 * @param {string} lobby
 * @returns {StoredPlace[]}
 */
export function readPlaces(storage, user, lobby) {
  const places = parsePlaces(storage.getItem(`chat.places.${user}`)) ?? readRoomNames(storage);
  return places.length ? places : [{ room: lobby, unread: 0, isPlaced: false }];
}

/**
 * Keeps the user's rooms.
 * @param {KeyValueStorage} storage
 * @param {string} user
 * @param {Iterable<Room>} rooms
 */
export function writePlaces(storage, user, rooms) {
  const places = [...rooms].map((room) => ({ room: room.name, unread: countUnread(room), isPlaced: room.isPlaced }));
  storage.setItem(`chat.places.${user}`, JSON.stringify({ v: VERSION, rooms: places }));
}

/**
 * @param {string | null} json
 * @returns {StoredPlace[] | undefined} undefined for nothing that can be read
 */
function parsePlaces(json) {
  try {
    const { v, rooms } = JSON.parse(json ?? "");
    if (v !== VERSION) return undefined;
    return rooms
      .filter((/** @type {StoredPlace} */ place) => ROOM_NAME.test(place?.room ?? ""))
      .map((/** @type {StoredPlace} */ { room, unread, isPlaced }) => {
        return { room, unread: Number.isInteger(unread) ? unread : 0, isPlaced: Boolean(isPlaced) };
      });
  } catch {
    return undefined;
  }
}

// What was stored before the server kept the rooms: their names, for whoever used this browser.
/** @param {KeyValueStorage} storage */
function readRoomNames(storage) {
  const names = (storage.getItem("chat.rooms") ?? "").split(",").filter((name) => ROOM_NAME.test(name));
  return names.map((room) => ({ room, unread: 0, isPlaced: false }));
}
