// The box that joins a room: what is typed or pasted into it, and what is wrong with that.
import { byId, setContent } from "./dom.js";
import { isolateName } from "./format.js";

const INVITATION = "join=";

/** Joins the room that is named in the box. What cannot be joined stays there, with the reason. */
export async function joinTypedRoom(page, acceptInvitation) {
  const { chat, session, openRoom, describeRefusal } = page;
  const address = readRoomAddress(byId("new-room").value);
  const [name] = address.split("/"); // the number of a message may follow
  let problem = findRoomProblem(name, session.limits);
  try {
    if (problem) return;
    if (address.startsWith(INVITATION)) {
      acceptInvitation(address.slice(INVITATION.length));
    } else {
      if (!chat.rooms.has(name)) await chat.request("join", { room: name });
      openRoom(address);
    }
    byId("room-form").reset();
  } catch (refusal) {
    problem = await describeRefusal(refusal);
  } finally {
    showProblem(problem);
  }
}

function showProblem(problem) {
  const box = byId("new-room");
  setContent(byId("room-problem"), problem);
  box.ariaInvalid = problem ? "true" : "false";
  if (problem) box.focus();
}

/**
 * Returns the address that a text means: a room's name, also after `#` or as the end of a link to this chat, or
 * `join=~room.secret` of a link that invites.
 * @param {string} text
 */
export function readRoomAddress(text) {
  const address = text.trim().replace(/^.*#/s, "");
  return address.startsWith(INVITATION) ? address : address.trim().toLowerCase();
}

/**
 * Returns what is wrong with an address, or an empty text.
 * @param {string} address
 * @param {{ roomPattern?: string, roomLength?: number }} limits as `GET /session` has them
 */
export function findRoomProblem(address, { roomPattern = ".+", roomLength = 0 }) {
  if (!address) return "Type the name of a room.";
  if (/^(?:join=)?~/.test(address) || new RegExp(`^(?:${roomPattern})$`).test(address)) return "";
  if (roomLength && address.length > roomLength) {
    return `This name has ${address.length} characters, at most ${roomLength} are possible.`;
  }
  const [other] = address.match(/[^a-z0-9_-]/u) ?? [];
  if (other === " ") return "A room's name has no spaces. Use - in their place.";
  if (other) return `A room's name has no ${isolateName(other)}: only a to z, 0 to 9, - and _.`;
  return "A room's name begins with a letter, a digit or _.";
}
