// What the user is told in words: new messages to those who listen to the page, each once, in a region of its own; and
// what happened to the user in a room. The log itself is silent: old messages come and go there as well.
import { isOwn } from "../client/log.js";
import { titleOf } from "../client/room.js";
import { createElement } from "./dom.js";
import { formatDate, isolateName } from "./format.js";

const MAX_TOLD = 3; // of more at once only their number is told
const KEPT_MS = 10_000; // then it is only in the log, where somebody who reads on finds it
const MAX_TEXT_LENGTH = 300;

/**
 * Returns the messages of others with a higher number than `told`, in their order, and the highest number.
 * @param {any[]} entries in everybody's order
 * @param {string} me
 * @param {number} told
 */
export function findNews(entries, me, told) {
  const news = [];
  let last = told;
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const { from, seq = 0 } = entries[index];
    if (!from || entries[index].state) continue;
    if (seq <= told) break;
    last = Math.max(last, seq);
    if (!isOwn(entries[index], me) && !entries[index].deletedAt) news.unshift(entries[index]);
  }
  return { news, last };
}

/** Returns what is said of new messages: one text for each, or their number. */
export function describeNews(news) {
  if (news.length > MAX_TOLD) return [`${news.length} new messages`];
  return news.map(({ from, message, kind }) => {
    const text = message.length > MAX_TEXT_LENGTH ? `${message.slice(0, MAX_TEXT_LENGTH)}…` : message;
    return `${isolateName(from)}${kind === "action" ? "" : ":"} ${text}`;
  });
}

/**
 * Returns what tells the news of the current room in a live region.
 * @param {any} chat
 * @param {HTMLElement} region
 */
export function createNews(chat, region) {
  const toldUpTo = new WeakMap(); // by room

  return {
    /** Tells what is new since the last time; `isOpening`: what is there now is not new. */
    update(entries, isOpening) {
      const { me, room } = chat;
      if (!room.runs.length) return;
      const isHistory = isOpening || !toldUpTo.has(room);
      const { news, last } = findNews(entries, me, toldUpTo.get(room) ?? 0);
      toldUpTo.set(room, last);
      if (isHistory || document.hidden) return;
      for (const text of describeNews(news)) {
        const line = createElement("p", {}, text);
        region.append(line);
        setTimeout(() => line.remove(), KEPT_MS);
      }
    },
  };
}

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
