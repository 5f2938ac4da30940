// Names, dates and the state of the connection in words.
/** @import { ConnectionState, DatedEntry } from "../client/types.js" */

const MAX_NAMES = 3;
const DAY_MS = 24 * 60 * 60 * 1000;

const nameList = new Intl.ListFormat("en-GB");
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/**
 * Returns the name in marks that keep its direction of text to itself.
 * @param {string} name
 */
export function isolateName(name) {
  return `\u2068${name}\u2069`;
}

/**
 * Returns up to three names, or two and how many more there are.
 * @param {string[]} users
 */
export function formatNames(users) {
  if (users.length <= MAX_NAMES) return nameList.format(users.map(isolateName));
  const shown = users.slice(0, MAX_NAMES - 1);
  return nameList.format([...shown.map(isolateName), `${users.length - shown.length} others`]);
}

/**
 * Returns who joined and who left; each person once, as the last event says.
 * @param {Pick<DatedEntry, "user" | "event">[]} events
 */
export function formatPresence(events) {
  const lastEvents = new Map(events.map(({ user = "", event }) => [user, event]));
  const parts = [];
  for (const event of ["joined", "left"]) {
    const users = [...lastEvents.keys()].filter((user) => lastEvents.get(user) === event);
    if (users.length) parts.push(`${formatNames(users)} ${event}`);
  }
  return parts.join(" · ");
}

/**
 * Returns the time of day in the reader's language.
 * @param {Date} date
 */
export function formatTime(date) {
  return timeOfDay.format(date);
}

/**
 * Returns the date and the time of day in the reader's language.
 * @param {Date} date
 */
export function formatDateTime(date) {
  return `${fullDate.format(date)} ${timeOfDay.format(date)}`;
}

/**
 * Returns "Today", "Yesterday", or the date in the reader's language.
 * @param {Date} date
 * @param {number} now milliseconds
 */
export function formatDay(date, now) {
  const daysAgo = Math.round((midnight(now) - midnight(date.getTime())) / DAY_MS);
  if (daysAgo === 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  return fullDate.format(date);
}

/** @param {number} time */
function midnight(time) {
  return new Date(time).setHours(0, 0, 0, 0);
}

/**
 * Returns the count with its noun.
 * @param {number} count
 * @param {string} noun
 */
export function formatCount(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * Returns how the connection is told to the reader: its colour, the text, the seconds until the next attempt, and the
 * label of what the reader can do.
 * @param {ConnectionState} state
 * @param {{ auth: string | null, now: number, isOnline: boolean }} circumstances `now` in milliseconds
 * @returns {{ tone: "live" | "warn" | "bad", text: string, waitSeconds?: number, action?: string }}
 */
export function describeConnection(state, { auth, now, isOnline }) {
  const kept = "What you send is kept.";
  switch (state.name) {
    case "connecting":
      return { tone: "warn", text: "Connecting…" };
    case "signed out":
      return { tone: "bad", text: `You are signed out. ${kept}`, action: "Sign in" };
    case "live":
      return { tone: "live", text: auth === "open" ? "Live · local demo: anyone can use any name" : "Live" };
    case "waiting": {
      const waitSeconds = Math.ceil((state.at - now) / 1000);
      if (state.refused) return { tone: "bad", text: state.refused, waitSeconds, action: "Try now" };
      const text = `${isOnline ? "Reconnecting" : "You are offline"}. ${kept}`;
      return { tone: "warn", text, waitSeconds, action: "Try now" };
    }
  }
}
