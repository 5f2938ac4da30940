// What is told to one user about a room, in words.
import { titleOf } from "../client/room.js";
import { formatDate, isolateName } from "./format.js";

/**
 * Returns what a notice says of a frame.
 * @param {import("../client/types.js").UserFrame} frame
 * @param {import("../client/chat.js").Chat} chat
 */
export function describeFrame(frame, chat) {
  if (frame.type === "removed") return describeRemoval(frame, chat);
  if (frame.type === "members") return describeMembers(frame, chat);
  if (frame.type === "link") return "";
  const by = isolateName(chat.nameOf(frame.by));
  if (frame.kind === "direct") return `${by} wants to talk with you. The conversation is in your list of rooms.`;
  return `${by} invites you to ${isolateName(frame.title)}. Accept or decline it in your list of rooms.`;
}

/**
 * @param {import("../client/types.js").RemovedFrame} frame
 * @param {import("../client/chat.js").Chat} chat
 */
function describeRemoval({ room: name, act, until, reason }, chat) {
  const room = chat.rooms.get(name);
  if (!room) return "";
  const verb = { kick: "were removed from", ban: "are banned from" }[act] ?? "are no member any more of";
  const end = until ? ` until ${formatDate(new Date(until))}` : "";
  return `You ${verb} ${isolateName(titleOf(room, chat))}${end}.${reason ? ` Reason: ${reason}` : ""}`;
}

/**
 * @param {import("../client/types.js").MembersFrame} frame
 * @param {import("../client/chat.js").Chat} chat
 */
function describeMembers({ members, invited = [] }, chat) {
  const lines = members.map(({ user, role }) => `${chat.nameOf(user)}: ${role}`);
  return [...lines, ...invited.map(({ user }) => `${chat.nameOf(user)}: invited`)].join("\n");
}
