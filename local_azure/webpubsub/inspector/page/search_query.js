// The search: what a person typed, as parameters for the service and as a test of entries that are on the page.
//
// A word such as `user:ana` asks for one field; the rest is one text that is looked for as it stands. The service looks
// in payloads and headers too. The page has only the start of a payload, so it asks the service and adds what it finds.
import { KIND_LABELS } from "./formatting.js";

export const FIELD_NAMES = ["user", "room", "id", "status"];

const FIELD_WORD = new RegExp(`(?<=^|\\s)(${FIELD_NAMES.join("|")}):("[^"]*"?|\\S*)`, "gi");
const texts = new WeakMap(); // entry → its lower-case text

// Returns { q, user, room, id, status }; what is not asked for is empty.
export function parseSearch(text) {
  const search = { q: "", user: "", room: "", id: "", status: "" };
  const rest = text.replace(FIELD_WORD, (_, name, value) => {
    search[name.toLowerCase()] = value.replaceAll('"', "").trim();
    return " ";
  });
  search.q = rest.replace(/\s+/g, " ").trim();
  return search;
}

// Returns the text with one field asked for in place of what it asked for that field before.
export function withField(text, name, value) {
  const others = text.replace(FIELD_WORD, (word, found) => (found.toLowerCase() === name ? "" : word));
  const quoted = /\s/.test(value) ? `"${value}"` : value;
  return `${others.replace(/\s+/g, " ").trim()} ${name}:${quoted}`.trim();
}

export function isEmptySearch(search) {
  return Object.values(search).every((value) => !value);
}

// Returns the filters as query parameters of the service, which has none for the hub. Where all kinds are shown, none is
// named.
export function searchParameters({ search, kinds, errorsOnly }) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value) {
      parameters.set(name, value);
    }
  }
  if (errorsOnly) {
    parameters.set("errors", "1");
  }
  const named = Object.keys(KIND_LABELS).filter((kind) => kinds.has(kind));
  if (named.length < Object.keys(KIND_LABELS).length) {
    parameters.set("kind", named.join(","));
  }
  return parameters;
}

// Returns a function that tells whether an entry is shown. `found` has the ids of the entries that the service found.
export function createMatcher({ search, kinds, hub, errorsOnly, found = new Set() }) {
  const wanted = Object.fromEntries(Object.entries(search).map(([name, value]) => [name, value.toLowerCase()]));
  const asksForText = !isEmptySearch(search);
  return (entry) => {
    if (!kinds.has(entry.kind) || (entry.routine && !kinds.has("routine"))) {
      return false;
    }
    if ((errorsOnly && entry.ok !== false) || (hub && entry.hub !== hub)) {
      return false;
    }
    return !asksForText || found.has(entry.id) || matchesSearch(entry, wanted);
  };
}

// Returns whether a connection, as the service describes its state, is asked for.
export function matchesConnection({ hub, id, user, groups }, { search, hub: wantedHub }) {
  const has = (text, part) => (text ?? "").toLowerCase().includes(part.toLowerCase());
  return (
    (!wantedHub || hub === wantedHub) &&
    (!search.user || has(user, search.user)) &&
    (!search.id || id.toLowerCase().startsWith(search.id.toLowerCase())) &&
    (!search.room || groups.some((group) => has(group, search.room))) &&
    (!search.q || [id, user, hub, ...groups].some((text) => has(text, search.q)))
  );
}

function matchesSearch(entry, { q, user, room, id, status }) {
  return (
    (!q || entryText(entry).includes(q)) &&
    (!user || namesOf(entry).some((name) => name.toLowerCase().includes(user))) &&
    (!room || hasRoom(entry, room)) &&
    (!id || String(entry.id) === id || idsOf(entry).some((known) => known.toLowerCase().startsWith(id))) &&
    (!status || matchesStatus(entry.status.toLowerCase(), status))
  );
}

const namesOf = ({ user, receivers }) => [user, ...receivers.map(([, name]) => name)].filter(Boolean);
const idsOf = ({ connection, receivers }) => [connection, ...receivers.map(([id]) => id)].filter(Boolean);

// A group is named in the title: `group lobby`, `join group lobby`, `POST groups/lobby/:send`.
function hasRoom({ title, groups }, room) {
  if (groups) {
    return groups.some((group) => group.toLowerCase().includes(room));
  }
  return /group/.test(title) && title.toLowerCase().includes(room);
}

// `5xx` stands for every status that begins with 5.
function matchesStatus(status, wanted) {
  return status.startsWith(wanted.replace(/x+$/, ""));
}

// Makes the text of new entries when they come: a search must not make thousands at once.
export function prepareSearch(entries) {
  entries.forEach(entryText);
}

function entryText(entry) {
  let text = texts.get(entry);
  if (text === undefined) {
    const { title, status, error, hub, excerpt, kind } = entry;
    const words = [title, status, error, hub, excerpt, KIND_LABELS[kind], ...namesOf(entry), ...idsOf(entry)];
    text = words.filter(Boolean).join("\n").toLowerCase();
    texts.set(entry, text);
  }
  return text;
}
