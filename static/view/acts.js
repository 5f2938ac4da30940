// Acts of moderation, and the rules that hold for the user, in words.
import { isolateName } from "./format.js";

const UNITS = Object.entries({ day: 86_400, hour: 3600, minute: 60, second: 1 });
// What the app says of an act is some milliseconds later than the act was asked for.
const ALMOST = 0.97;

const VERBS = {
  create: () => "created this room",
  rename: ({ title }) => (title ? `called this room ${isolateName(title)}` : "took this room's title away"),
  close: () => "closed this room: only its moderators can write",
  open: () => "opened this room again",
  slow: ({ seconds }) => (seconds ? `set slow mode: one message in ${formatDuration(seconds)}` : "ended slow mode"),
  pin: () => "pinned a message",
  unpin: () => "unpinned a message",
  mute: ({ whom, time }) => `muted ${whom}${time}`,
  unmute: ({ whom }) => `lets ${whom} write again`,
  kick: ({ whom }) => `removed ${whom}`,
  ban: ({ whom, time }) => `banned ${whom}${time}`,
  unban: ({ whom }) => `lets ${whom} come back`,
  role: ({ whom, role }) => `made ${whom} ${role === "owner" ? "the owner" : `a ${role}`}`,
  invite: ({ whom }) => `invited ${whom}`,
  uninvite: ({ whom }) => `took back the invitation of ${whom}`,
  link: () => "made an invitation link",
  unlink: () => "ended all invitation links",
  accept: () => "became a member",
  remove: ({ user, by, whom }) => (user === by ? "gave up the membership" : `ended the membership of ${whom}`),
};

/** Returns whether an act is shown; a later version of the app may know others. */
export function isShownAct({ act }) {
  return act in VERBS;
}

/** Returns an act as one line: "ana muted bo for 10 minutes". `nameOf` returns what a user is called. */
export function formatAct(frame, nameOf) {
  const { act, by, user, until, at } = frame;
  const time = until ? ` for ${formatDuration((Date.parse(until) - Date.parse(at)) / 1000)}` : "";
  const whom = isolateName(nameOf(user ?? ""));
  return `${isolateName(nameOf(by))} ${VERBS[act]({ ...frame, whom, time })}`;
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
  const left = (Date.parse(muted ?? "") - now) / 1000;
  // Whole minutes, so that the line does not change all the time.
  if (left > 0) {
    return `You are muted here for ${formatDuration(left > 60 ? Math.ceil(left / 60) * 60 : Math.ceil(left))}.`;
  }
  if (role !== "member") return "";
  if (closed) return "This room is closed: only its moderators can write.";
  return slow ? `Slow mode: one message in ${formatDuration(slow)}.` : "";
}
