// What somebody types or pastes to name a room: its name, its address, or an invitation link.

/** @typedef {{ roomPattern?: string, roomLength?: number }} RoomLimits what `/session` tells of rooms' names */

const MEMBERS_ONLY = /^~[a-z0-9]{1,31}$/; // the names that the app gives to private and direct rooms
const SECRET = /^[\x21-\x7e]{1,128}$/;

/**
 * Returns what is wrong with the name of a public room, or nothing. Capital letters become small ones.
 * @param {string} text
 * @param {RoomLimits} limits
 */
export function describeRoomNameError(text, { roomPattern = "[a-z0-9_][a-z0-9_-]*", roomLength = 32 }) {
  const name = cleanRoomName(text);
  if (!name) return "Give the room a name.";
  if (new RegExp(`^(?:${roomPattern})$`).test(name)) return "";
  const length = [...name].length;
  if (length > roomLength) return `A name has at most ${roomLength} characters, this one has ${length}.`;
  if (name.startsWith("-")) return "A name cannot begin with -.";
  const wrong = [...name].find((character) => !/[a-z0-9_-]/.test(character));
  if (wrong && !wrong.trim()) return "A name has no spaces. You can use - in their place.";
  return wrong
    ? `“${wrong}” cannot be in a name. It has the letters a to z, digits, - and _.`
    : "This name is not possible.";
}

/**
 * Returns a room's name as it is sent: without the # that is written before it.
 * @param {string} text
 */
export function cleanRoomName(text) {
  return text.trim().replace(/^#/, "").toLowerCase();
}

/**
 * Returns the room that a text names, with the number `seq` of a message or the `secret` of an invitation link, or an `error`
 * in words. A link must lead to this page.
 * @param {string} text a name, `#name`, `name/123`, an address of this page, or `~room.secret`
 * @param {string} pageAddress
 * @param {RoomLimits} limits
 * @returns {{ room: string, secret?: string, seq?: number } | { error: string }}
 */
export function parseRoomAddress(text, pageAddress, limits) {
  const typed = text.trim();
  if (!/^https?:/i.test(typed)) return parsePlace(typed, limits);
  if (!URL.canParse(typed)) return { error: "This link is not complete." };
  const link = new URL(typed);
  const page = new URL(pageAddress);
  if (link.origin !== page.origin) return { error: `This link leads to ${link.host}, not to this chat.` };
  return link.hash.length > 1 ? parsePlace(link.hash, limits) : { error: "This link names no room." };
}

/**
 * @param {string} text
 * @param {RoomLimits} limits
 */
function parsePlace(text, limits) {
  const place = text.replace(/^#/, "").replace(/^join=/, "");
  const [, name, seq] = place.match(/^([^/]*)\/([1-9]\d{0,15})$/) ?? [undefined, place];
  const message = seq && { seq: Number(seq) };
  if (!name.startsWith("~")) {
    const error = describeRoomNameError(name, limits);
    return error ? { error } : { room: cleanRoomName(name), ...message };
  }
  const [typed, secret] = name.split(".", 2);
  const room = typed.toLowerCase();
  if (!MEMBERS_ONLY.test(room)) return { error: "This is not the address of a room." };
  if (secret === undefined) return { room, ...message };
  return SECRET.test(secret) ? { room, secret } : { error: "This invitation link is not complete." };
}
