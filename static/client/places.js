// The rooms that a user is in, on all devices, as the server keeps them.
import { createRoom } from "./room.js";
import { notePlace } from "./unread.js";
/** @import { Place, Room } from "./types.js" */

// A connection may be in 20 rooms: one stays free for the room that is opened next.
const MAX_JOINED_ROOMS = 19;

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
