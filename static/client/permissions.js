// What a user may do in a room, as the server judges it. The server decides all the same: this says what is offered.
import { isOwn } from "./log.js";
/** @import { Entry, Room } from "./types.js" */

/**
 * Returns whether the user moderates the room; an admin of the app does so in public rooms.
 * @param {Pick<Room, "kind" | "rules" | "isAdmin">} room
 */
export function canModerate({ kind, rules, isAdmin }) {
  if (kind === "direct") return false;
  return ["owner", "moderator"].includes(rules.role ?? "") || (isAdmin && kind === "public");
}

/**
 * Returns whether the user gives roles in the room.
 * @param {Pick<Room, "kind" | "rules" | "isAdmin">} room
 */
export function canGiveRoles({ kind, rules, isAdmin }) {
  if (kind === "direct") return false;
  return rules.role === "owner" || (isAdmin && kind === "public");
}

/**
 * Returns whether the user `me` mutes, removes and bans somebody with this role in the room.
 * @param {Pick<Room, "kind" | "rules" | "isAdmin">} room
 * @param {string} me
 * @param {string} user
 * @param {string} role
 */
export function canActOn(room, me, user, role) {
  if (user === me || role === "owner" || !canModerate(room)) return false;
  return canGiveRoles(room) || role !== "moderator";
}

/**
 * Returns whether the user edits, deletes, pins or reports a message. Nobody moderates a direct conversation, so nothing is
 * reported there.
 * @param {Pick<Room, "kind" | "rules" | "isAdmin">} room
 * @param {string} me
 * @param {Entry} message
 * @param {"edit" | "delete" | "pin" | "report"} action
 */
export function canChangeMessage(room, me, message, action) {
  const isMine = isOwn(message, me);
  const isAdmin = room.isAdmin && room.kind === "public";
  if (action === "edit") return isMine || isAdmin;
  if (action === "delete") return isMine || canModerate(room);
  return action === "pin" ? canModerate(room) : !isMine && room.kind !== "direct";
}
