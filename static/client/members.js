// Who is in a room, its rules, and what a user may do there. The roster and the rules are what the server said last,
// changed by the news and the acts of moderation that are later than it. The server decides all the same: this says
// what is offered.
import { isOwn } from "./log.js";
/** @import { ActFrame, Entry, JoinedFrame, Room, RoomRules, Roster, SystemFrame } from "./types.js" */

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

/** @returns {Roster} */
export function createRoster() {
  return { users: new Set(), away: new Set(), count: 0, atLeast: false, at: "", news: new Map() };
}

/**
 * Takes over what the server says; an answer that is older than what is known is ignored.
 * @param {Roster} roster
 * @param {{ users: string[], away?: string[], count: number, atLeast?: boolean, at?: string }} answer `at` is when it was read: now, if it is left out
 */
export function replaceRoster(roster, { users, away = [], count, atLeast = false, at = latestNews(roster) }) {
  if (at < roster.at) return;
  const later = [...roster.news].filter(([, news]) => news.at > at);
  Object.assign(roster, { users: new Set(users), away: new Set(away), count, atLeast, at, news: new Map() });
  for (const [user, news] of later) applyNews(roster, user, news.event, news.at);
}

/**
 * Notes that somebody joined or left.
 * @param {Roster} roster
 * @param {string} user
 * @param {SystemFrame["event"]} event
 * @param {string} at
 */
export function applyNews(roster, user, event, at) {
  const { users, news } = roster;
  if (at <= roster.at || at <= (news.get(user)?.at ?? "")) return;
  news.set(user, { event, at });
  roster.away.delete(user);
  if (event === "joined" && !users.has(user)) {
    users.add(user);
    roster.count += 1;
  }
  const isUnlisted = !users.has(user) && roster.count > users.size; // the server lists only the first users
  if (event === "left" && (users.delete(user) || isUnlisted)) roster.count -= 1;
}

/**
 * Notes that somebody is away, or back.
 * @param {Roster} roster
 * @param {string} user
 * @param {boolean} isAway
 */
export function noteAway({ away }, user, isAway) {
  if (isAway) away.add(user);
  else away.delete(user);
}

/** @param {Roster} roster */
function latestNews({ at, news }) {
  return [...news.values()].reduce((latest, one) => (one.at > latest ? one.at : latest), at);
}

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
