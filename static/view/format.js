// Names, dates, the addresses in a text and the state of the connection in words.

// An address may have pairs of parentheses, but no mark of direction; the end of a sentence is not part of it.
const ADDRESS =
  /\b((?:https?:\/\/|www\.(?=[^\s.]))(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*~\]]))/iu;

const nameList = new Intl.ListFormat("en-GB");

/** Returns the time of day in the reader's language. */
export const formatTime = new Intl.DateTimeFormat(undefined, { timeStyle: "short" }).format;

/** Returns the date in the reader's language. */
export const formatDate = new Intl.DateTimeFormat(undefined, { dateStyle: "full" }).format;

/** Returns "Today", "Yesterday", or the date. */
export function formatDay(date, now) {
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  const daysAgo = Math.round((midnight(now) - midnight(date)) / (24 * 60 * 60_000)); // a day may have 23 or 25 hours
  return ["Today", "Yesterday"][daysAgo] ?? formatDate(date);
}

/** Returns what stands before the first message of a room that the server keeps; after `days` messages are removed (null: never). */
export function describeStart({ runs }, title, entries, days) {
  const oldest = entries.find(({ from }) => from);
  if (!runs.length || !oldest) return "";
  if (!runs[0].after) return `This is where ${title} began.`;
  const removed = `Messages before ${formatDate(new Date(oldest.sentAt))} were removed.`;
  return days ? `${removed} They are kept for ${days === 1 ? "a day" : `${days} days`}.` : removed;
}

/** Returns a number of people; with a "+" where there may be more. */
export function formatCount(count, atLeast) {
  return `${count.toLocaleString("en-GB")}${atLeast ? "+" : ""}`;
}

/** Returns the name in marks that keep its direction of writing to itself. */
export function isolateName(name) {
  return `\u2068${name}\u2069`;
}

/** Returns up to three names, or two and how many more there are of `count` people. */
export function formatNames(users, count = users.length) {
  if (count <= 3 && count <= users.length) return nameList.format(users.map(isolateName));
  const named = users.slice(0, 2).map(isolateName);
  const others = count - named.length;
  return nameList.format([...named, others === 1 ? "1 other" : `${others} others`]);
}

/** Returns who joined and who left; each person once, as the last event says. `nameOf` returns what a user is called. */
export function formatPresence(events, nameOf = (user) => user) {
  const lastEvents = new Map(events.map(({ user, event }) => [user, event]));
  const usersWith = (event) => [...lastEvents.keys()].filter((user) => lastEvents.get(user) === event);
  return ["joined", "left"]
    .filter((event) => usersWith(event).length)
    .map((event) => `${formatNames(usersWith(event).map(nameOf))} ${event}`)
    .join(" · ");
}

/**
 * Returns how the state of the connection is shown; `action` is the label of a button.
 * @returns {{ tone: string, text: string, waitSeconds?: number, action?: string }}
 */
export function describeConnection({ name, at, refused, user }, auth, now, isOnline) {
  const kept = "What you send is kept.";
  const offline = `You are offline. ${kept}`;
  if (name === "connecting") return { tone: "warn", text: isOnline ? "Connecting…" : offline };
  if (name === "checking") return { tone: "warn", text: isOnline ? "Checking the connection…" : offline };
  if (user) return { tone: "bad", text: `Another user has signed in in this browser. ${kept}`, action: "Reload" };
  if (name === "signed out") return { tone: "bad", text: `You are signed out. ${kept}`, action: "Sign in" };
  if (name === "live") {
    return { tone: "live", text: auth === "open" ? "Live · local demo: anyone can use any name" : "Live" };
  }
  const retry = { waitSeconds: Math.ceil((at - now) / 1000), action: "Try now" };
  if (refused) return { tone: "bad", text: refused, ...retry };
  return { tone: "warn", text: isOnline ? `Reconnecting. ${kept}` : offline, ...retry };
}

/**
 * Returns what stands before the window's title: how often the user is mentioned, and how many messages are unread.
 * @param {{ unread: number, mentions: number }} count
 */
export function titleMark({ unread, mentions }) {
  const parts = [mentions && `${mentions} @`, unread && String(unread)].filter(Boolean);
  return parts.length ? `(${parts.join(" · ")}) ` : "";
}

/** Returns the text in pieces `{ text, href? }`: what begins with http://, https:// or www. has the `href`. */
export function splitLinks(text) {
  // `split` with a group returns text and address in turn.
  return text.split(ADDRESS).map((piece, index) => {
    const href = /^www\./i.test(piece) ? `https://${piece}` : piece;
    return index % 2 && URL.canParse(href) ? { text: piece, href } : { text: piece };
  });
}
