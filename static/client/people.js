// The people that this client has heard of, and which of them a text means.
/** @import { Room } from "./types.js" */

/** @typedef {{ user: string, name: string }} Person */

/**
 * Returns the people who are in the user's rooms, have spoken in the current one, or talk with the user; the ones of the
 * current room first. The user is not among them.
 * @param {{ me: string, room: Room, rooms: Map<string, Room>, nameOf: (user: string) => string }} chat
 * @returns {Person[]}
 */
export function knownPeople(chat) {
  const rooms = [chat.room, ...chat.rooms.values()];
  const users = new Set(rooms.slice(0, 1).flatMap((room) => [...room.roster.users, ...speakersOf(room)]));
  for (const { roster, other } of rooms) for (const user of [...roster.users, other]) users.add(user);
  users.delete(chat.me);
  users.delete("");
  return [...users].map((user) => ({ user, name: chat.nameOf(user) }));
}

/** @param {Room} room */
function speakersOf({ entries }) {
  return [...entries.values()].filter(({ from, kind }) => from && kind !== "reminder").map(({ user = "" }) => user);
}

/**
 * Returns the first people with a name that begins with the text, then those in whose name a later word does.
 * @param {string} text
 * @param {Person[]} people
 * @param {number} max
 */
export function suggestPeople(text, people, max) {
  const wanted = simplify(text.trim().replace(/^@/, ""));
  const begins = people.filter(({ name }) => simplify(name).startsWith(wanted));
  const contains = people.filter(({ name }) =>
    simplify(name)
      .split(/[\s._-]+/)
      .some((word) => word.startsWith(wanted)),
  );
  return [...new Set([...begins, ...contains])].slice(0, max);
}

/**
 * Returns the user whom a text names: by the id, or by a name that only one of the people has. Nobody is known by it: the
 * text itself, which may be the id of somebody who was not met yet. Several people have the name: an `error` in words.
 * @param {string} text
 * @param {Person[]} people
 * @returns {{ user: string } | { error: string }}
 */
export function findPerson(text, people) {
  const typed = text.trim().replace(/^@/, "").normalize();
  if (!typed) return { error: "Type a name." };
  if (people.some(({ user }) => user === typed)) return { user: typed };
  const named = people.filter(({ name }) => name === typed);
  const similar = named.length ? named : people.filter(({ name }) => simplify(name) === simplify(typed));
  if (similar.length > 1) return { error: `${similar.length} people are called ${typed}. Choose one of the list.` };
  return { user: similar[0]?.user ?? typed };
}

// Without letter case and accents.
/** @param {string} text */
function simplify(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
