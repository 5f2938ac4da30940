// Refusals of the server in words for people. What only an operator can change, and what a program has done wrong, is in
// the server's log; here it is one sentence that says what to do.
import { formatDuration } from "./acts.js";

const GENERAL = "Something went wrong here. Try again in a moment.";
const NOT_READY = "The chat is not ready yet. Try again later.";

// What nobody can cause with the page: other programs can.
const NOT_SHOWN = [
  "admins_only",
  "binary_not_supported",
  "body_too_large",
  "invalid_request",
  "rich_client_needed",
  "unknown_event",
  "unknown_job",
  "unknown_part",
  "unsupported_subprotocol",
];

/** @type {Record<string, string | ((left: string) => string)>} by code; `left` is how long it lasts, or empty */
const WORDS = {
  offline: "There is no connection. Try again when it is back.",
  missing_user: "Type a name first.",
  sign_in_required: "Sign in first.",
  name_taken: "Somebody here has this name, or one that looks like it. Choose another name.",
  too_many_connections: "You have the chat open in too many windows. Close one of them first.",
  message_empty: "Type something first.",
  message_too_long: "This is too long for one message. Make it shorter, or send it in parts.",
  not_in_room: "You are not in this room any more. Open it again.",
  too_many_rooms: "You are in as many rooms as one can be in. Leave one first.",
  rate_limited: (left) => `That was too much at once. Try again ${left ? `in ${left}` : "in a moment"}.`,
  not_yours: "Only your own messages can be changed.",
  unknown_message: "This message is not there any more.",
  unknown_room: "There is no such room, or it is not open to you.",
  unknown_user: "Nobody with this name has been here yet.",
  room_exists: "A room with this name is there already. Choose another name, or join it.",
  not_allowed: "Only a moderator of the room can do this, and not to everybody.",
  banned: (left) => `You are banned from this room${left && ` for another ${left}`}.`,
  muted: (left) => `You are muted in this room${left && ` for another ${left}`}.`,
  room_closed: "This room is closed: only its moderators can write.",
  slow_mode: (left) => `This room is in slow mode. Write again ${left ? `in ${left}` : "in a moment"}.`,
  too_many_rules: "The room has as many of these as it can have. Remove one first.",
  invalid_invitation: "This invitation is not valid any more. Ask for a new one.",
  too_many_reports: "There are many open reports already. A moderator will look at them.",
  too_many_reactions: "This message has as many reactions as it can have.",
  too_many_reminders: "There are as many reminders as there can be. Remove one first: /reminders lists yours.",
  service_unavailable: "This did not reach the others. Try again in a moment.",
  storage_unavailable: "This could not be saved. Try again in a moment.",
  not_configured: NOT_READY,
  internal_error: GENERAL,
};

/**
 * Returns a refusal as a sentence. One without a code comes from something between the page and the chat, and one with a
 * code that is not listed is told in the server's words: these say what is wrong with what was typed, and how to type it.
 * @param {{ code?: string, message?: string, retryAfter?: number }} refusal `retryAfter` in seconds
 */
export function describeRefusal({ code = "", message = "", retryAfter = 0 }) {
  const words = WORDS[code];
  if (typeof words === "function") return words(retryAfter > 0 ? formatDuration(Math.ceil(retryAfter)) : "");
  if (words) return words;
  if (!code || !message || NOT_SHOWN.includes(code)) return GENERAL;
  return toSentence(message);
}

/** @param {string} text */
function toSentence(text) {
  const [first = "", ...rest] = text.trim();
  const sentence = first.toUpperCase() + rest.join("");
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}
