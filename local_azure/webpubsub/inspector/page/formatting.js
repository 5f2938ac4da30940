// Text for values: times, durations, sizes, names. Nothing here needs a document.

// The label of each kind of entry.
export const KIND_LABELS = {
  connection: "connection",
  "frame-in": "from client",
  webhook: "webhook",
  rest: "REST",
  storage: "storage",
  delivery: "delivery",
  "frame-out": "to client",
  fault: "fault",
};

const KINDS_WITH_DURATION = new Set(["webhook", "rest", "storage"]);
const MAX_NAMES = 3;
const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB"];

const pad = (number, length) => String(number).padStart(length, "0");

// A connection without a user is shown by the start of its id.
export function connectionName(id, user) {
  return user ?? id.slice(0, 8);
}

// Returns the local time of day with milliseconds.
export function formatTime(secondsSinceEpoch) {
  const date = new Date(secondsSinceEpoch * 1000);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part, 2));
  return `${parts.join(":")}.${pad(date.getMilliseconds(), 3)}`;
}

export function formatMilliseconds(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) {
    return "";
  }
  return milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds).toLocaleString("en");
}

export function formatBytes(count) {
  let [amount, unit] = [count, 0];
  while (amount >= 1024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && amount < 100 ? 1 : 0;
  return `${amount.toLocaleString("en", { maximumFractionDigits: digits })} ${count === 1 ? "byte" : BYTE_UNITS[unit]}`;
}

// Returns how long a call took; other entries have no duration.
export function entryDuration({ kind, ms, inProgress }) {
  return KINDS_WITH_DURATION.has(kind) && !inProgress ? formatMilliseconds(ms) : "";
}

// Returns whom an entry is about: its connection's user, its user, or the first receivers.
export function entryPerson({ connection, user, receivers, receiverCount }) {
  if (connection) {
    return connectionName(connection, user);
  }
  if (user) {
    return user;
  }
  const names = [...new Set(receivers.map(([id, name]) => connectionName(id, name)))];
  const hasMore = names.length > MAX_NAMES || receiverCount > receivers.length;
  return names.slice(0, MAX_NAMES).join(", ") + (hasMore ? " …" : "");
}

// The class that colors the result of an entry or a step.
export function resultClass({ ok, inProgress }) {
  if (ok === false) {
    return "bad";
  }
  return inProgress ? "open" : "";
}

// Cuts a text into parts, [{ text, isMatch }]; a match is a place that has the searched text, in any case.
export function splitByMatch(text, searched) {
  const lower = text.toLowerCase();
  const wanted = searched.toLowerCase();
  // Some characters have another length in lower case: then the places do not correspond.
  if (!wanted || lower.length !== text.length) {
    return [{ text, isMatch: false }];
  }
  const parts = [];
  let end = 0;
  for (let found = lower.indexOf(wanted); found >= 0; found = lower.indexOf(wanted, end)) {
    if (found > end) {
      parts.push({ text: text.slice(end, found), isMatch: false });
    }
    end = found + wanted.length;
    parts.push({ text: text.slice(found, end), isMatch: true });
  }
  if (end < text.length || !parts.length) {
    parts.push({ text: text.slice(end), isMatch: false });
  }
  return parts;
}
