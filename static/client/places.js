// The rooms that a user is in, on all devices, as the server keeps them; and as they were when the chat was last open,
// which is shown until the server has answered. A stored value that cannot be read is ignored, not deleted. What
// earlier versions kept under other keys is moved.
import { createRoom, noteTitle } from "./room.js";
import { countUnread, notePlace } from "./unread.js";
import { userStorage } from "./user-storage.js";
/** @import { KeyValueStorage, Place, Room, StoredPlace } from "./types.js" */

const KEY = "places";
const VERSION = 1; // of the stored places
const ROOM_NAME = /^([a-z0-9_][a-z0-9_-]{0,31}|~[a-z0-9]{1,31})$/;
// A connection may be in 20 rooms: one stays free for the room that is opened next.
const MAX_JOINED_ROOMS = 19;
const SHARED_KEYS = /^chat\.(rooms$|draft\.|read\.)/; // not those of one user

/**
 * Returns the user's rooms in the order of the places, then those that the server does not know yet, and the rooms that
 * were left on another device.
 * @param {Map<string, Room>} rooms
 * @param {Place[]} places
 * @param {(room: Room) => boolean} isKept whether a room stays all the same
 * @returns {{ rooms: Map<string, Room>, left: Room[] }}
 */
export function applyPlaces(rooms, places, isKept) {
  const placed = places.map((place) => {
    const room = rooms.get(place.room) ?? createRoom(place.room);
    room.isPlaced = true;
    noteTitle(room, place);
    room.head = Math.max(room.head, room.runs.length ? (place.head ?? 0) : 0);
    notePlace(room, place);
    return room;
  });
  const names = new Set(placed.map(({ name }) => name));
  const others = [...rooms.values()].filter(({ name }) => !names.has(name));
  const left = others.filter((room) => room.isPlaced && !isKept(room));
  const kept = others.filter((room) => !left.includes(room));
  return { rooms: new Map([...placed, ...kept].map((room) => [room.name, room])), left };
}

/**
 * Returns the rooms to join now, the current one first; the others are shown without being joined.
 * @param {Iterable<Room>} rooms
 * @param {Room} current
 */
export function roomsToJoin(rooms, current) {
  const all = [...new Set([current, ...rooms])];
  const isIdle = (/** @type {Room} */ { membership }) => membership === "idle";
  const joinedCount = all.filter((room) => !isIdle(room)).length;
  return all.filter(isIdle).slice(0, Math.max(0, MAX_JOINED_ROOMS - joinedCount));
}

/**
 * Returns the user's rooms with their unread counts, or the lobby.
 * @param {KeyValueStorage} storage
 * @param {string} user
 * @param {string} lobby
 * @returns {StoredPlace[]}
 */
export function readPlaces(storage, user, lobby) {
  const places = parsePlaces(userStorage(storage, user).getItem(KEY));
  return places?.length ? places : [{ room: lobby, unread: 0, isPlaced: false }];
}

/**
 * Keeps the user's rooms.
 * @param {KeyValueStorage} storage
 * @param {string} user
 * @param {Iterable<Room>} rooms
 */
export function writePlaces(storage, user, rooms) {
  const places = [...rooms].map((room) => {
    const { name, title, isPlaced } = room;
    return { room: name, unread: countUnread(room), isPlaced, title: title || undefined };
  });
  userStorage(storage, user).setItem(KEY, JSON.stringify({ v: VERSION, rooms: places }));
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
      .map((/** @type {StoredPlace} */ { room, unread, isPlaced, title }) => {
        const kept = typeof title === "string" && { title };
        return { room, unread: Number.isInteger(unread) ? unread : 0, isPlaced: Boolean(isPlaced), ...kept };
      });
  } catch {
    return undefined;
  }
}

/**
 * Moves what earlier versions kept for the user to the user's keys, and removes what they kept for whoever used the browser.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function moveFormerKeys(storage, user) {
  const own = userStorage(storage, user);
  const outbox = `chat.outbox.${user}.`;
  for (const name of Object.keys(storage)) {
    const value = storage.getItem(name) ?? "";
    let key = "";
    if (name === `chat.places.${user}`) key = "places";
    // The prefix of the user "a" also begins the keys of the user "a.b": the author tells them apart.
    if (name.startsWith(outbox) && isBy(value, user)) key = `outbox.${name.slice(outbox.length)}`;
    if (key && own.getItem(key) === null && !own.setItem(key, value)) continue;
    if (key || SHARED_KEYS.test(name)) storage.removeItem(name);
  }
}

/**
 * @param {string} json
 * @param {string} user
 */
function isBy(json, user) {
  try {
    return (JSON.parse(json)?.from ?? user) === user;
  } catch {
    return false;
  }
}
