// The rules of a room as its members know them: told when the room is joined, and changed by every act of moderation after that.
/** @import { ActFrame, Entry, JoinedFrame, Room, RoomRules } from "./types.js" */

// What of the rules an act sets. Acts may arrive in any order, so each part has the number of the act that set it last.
const PART_OF_ACT = new Map([
  ["close", "closed"],
  ["open", "closed"],
  ["slow", "slow"],
  ["pin", "pinned"],
  ["unpin", "pinned"],
  ["mute", "muted"],
  ["unmute", "muted"],
  ["role", "role"],
]);

/**
 * Returns the rules of a room of which nothing is known.
 * @returns {RoomRules}
 */
export function createRules() {
  return { role: null, closed: false, slow: 0, pinned: new Set(), muted: undefined, head: 0, setBy: new Map() };
}

/**
 * Takes over the rules that the answer to joining tells; they are as of its `head`.
 * @param {Room} room
 * @param {JoinedFrame} frame
 */
export function noteJoinedRules(room, { role = null, closed, slow, pinned, muted, head }) {
  if (role === null || head === null || head < room.rules.head) return;
  const rules = { role, closed: Boolean(closed), slow: slow ?? 0, pinned: new Set(pinned), muted };
  room.rules = { ...rules, head, setBy: new Map() };
}

/**
 * Changes the rules as an act says, and returns its entry of the conversation.
 * @param {Room} room
 * @param {ActFrame} frame
 * @param {string} me
 * @returns {Entry}
 */
export function noteAct({ rules }, frame, me) {
  const { id, seq, act, user, messageId = "", role, at } = frame;
  const part = PART_OF_ACT.get(act);
  const isMine = user === undefined || user === me;
  // A room has one owner: the former one becomes a moderator.
  const isHandedOver = act === "role" && role === "owner" && !isMine && rules.role === "owner";
  const key = `${part} ${messageId}`;
  if (part && (isMine || isHandedOver) && seq > (rules.setBy.get(key) ?? rules.head)) {
    rules.setBy.set(key, seq);
    setRule(rules, frame, isHandedOver ? "moderator" : (role ?? "member"));
  }
  return { id, event: "act", act: frame, sentAt: at };
}

/**
 * @param {RoomRules} rules
 * @param {ActFrame} frame
 * @param {string} role
 */
function setRule(rules, { act, messageId = "", seconds = 0, until }, role) {
  const part = PART_OF_ACT.get(act);
  if (part === "closed") rules.closed = act === "close";
  if (part === "slow") rules.slow = seconds;
  if (part === "muted") rules.muted = act === "mute" ? until : undefined;
  if (part === "role") rules.role = role;
  if (act === "pin") rules.pinned.add(messageId);
  if (act === "unpin") rules.pinned.delete(messageId);
}
