// Acts of moderation, and the rules that hold for the user, in words.
import { isolateName } from "./format.js";

const UNITS = Object.entries({ day: 86_400, hour: 3600, minute: 60, second: 1 });
const ALMOST = 0.97; // the log has the time of an act some moments after its end was counted

// What follows is the user, then the time, the pace, the role or the title.
const VERBS = {
  create: "created the room",
  rename: "named the room",
  close: "closed the room: only its moderators can write",
  open: "opened the room again",
  slow: "set slow mode:",
  pin: "pinned a message",
  unpin: "unpinned a message",
  mute: "muted",
  unmute: "unmuted",
  kick: "removed",
  ban: "banned",
  unban: "unbanned",
  role: "made",
  invite: "invited",
  uninvite: "took back the invitation of",
  link: "made an invitation link",
  unlink: "ended all invitation links",
  accept: "became a member",
  delete: "deleted a message of",
  remove: "ended the membership of",
};

// What a user does that others do to the user as well.
const OWN_VERBS = { remove: "gave up the membership", uninvite: "declined the invitation" };

/**
 * Returns an act as one line, "ana muted bo for 10 minutes", or nothing for one that only a later version of the app knows.
 * `nameOf` returns what a user is called.
 */
export function formatAct({ act, by, at, user, until, seconds, role, title }, nameOf) {
  if (!(act in VERBS)) return "";
  const ownVerb = user === by && OWN_VERBS[act];
  return [
    isolateName(nameOf(by)),
    ownVerb || VERBS[act],
    user && !ownVerb && isolateName(nameOf(user)),
    until && `for ${formatDuration((Date.parse(until) - Date.parse(at)) / 1000)}`,
    seconds === 0 ? "off" : seconds && formatDuration(seconds),
    role,
    title && isolateName(title),
  ]
    .filter(Boolean)
    .join(" ");
}

/** Returns a time in its largest unit: "10 minutes". */
export function formatDuration(seconds) {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each * ALMOST) ?? UNITS[3];
  const style = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 };
  return new Intl.NumberFormat("en-GB", /** @type {any} */ (style)).format(seconds / size);
}

/** Returns what the user must know before writing in the room, or nothing; `now` is in milliseconds. */
export function describeRules({ rules, isAdmin }, now) {
  const { role, closed, slow, muted } = rules;
  if (isAdmin) return "";
  if (muted === null) return "You are muted here.";
  const left = Math.ceil((Date.parse(muted ?? "") - now) / 1000);
  // Whole minutes, so that the line does not change all the time.
  if (left > 0) return `You are muted here for ${formatDuration(left > 60 ? Math.ceil(left / 60) * 60 : left)}.`;
  if (role !== "member") return "";
  if (closed) return "This room is closed: only its moderators can write.";
  return slow ? `Slow mode: one message in ${formatDuration(slow)}.` : "";
}
