// What one room knows, and what each frame from the server changes about it.
import { merged } from "./lines.js";

const TYPING_MS = 6000, CATCH_UP_PAGES = 5;

export function newRoom(name, read = "") {
  return { name, read, unread: "", lines: new Map(), people: new Set(), count: 0, typing: new Map() };
}

// Before a room is joined anew: notes what is known, because the answer shows whether anything is missing since.
export function expectGap(room, now) {
  const known = [...room.lines.values()].filter((line) => line.from).map((line) => line.id);
  room.joined = false;
  room.catchUp = known.length ? { known, pages: 0, gap: `gap ${now}` } : null;
}

// Applies a frame that came at `now` (ms). Returns a cursor when an older page is needed to close a gap.
export function receive(room, frame, now) {
  const put = (line) => room.lines.set(line.id, merged(room.lines.get(line.id), line));
  const { type, id, user, event, at = new Date(now).toISOString() } = frame;
  if (type === "typing") room.typing.set(user, now + TYPING_MS);
  else if (type === "edited" || type === "deleted") put({ message: "", ...frame, type: undefined });
  else if (type === "reaction") react(room, frame);
  else if (type === "joined" || type === "history") return takePage(room, frame, at, put);
  else if (type === "system") {
    if (user) attend(room, event === "joined", user);
    put({ ...frame, id: `${event} ${user ?? room.lines.size} ${at}`, sentAt: at });
  } else if (!type) {
    room.typing.delete(frame.from);
    put(frame);
  }
}

function attend(room, here, user) {
  const { size } = room.people;
  room.people[here ? "add" : "delete"](user);
  room.count += room.people.size - size;
  room.typing.delete(user);
}

function react({ lines }, { id, emoji, user, on }) {
  const line = lines.get(id);
  if (!line) return;
  const users = (line.reactions?.[emoji] ?? []).filter((one) => one !== user);
  lines.set(id, { ...line, reactions: { ...line.reactions, [emoji]: on ? [...users, user] : users } });
}

function takePage(room, page, at, put) {
  const { catchUp, lines } = room;
  const { messages = [], before, users } = page;
  const start = messages[0]?.sentAt ?? at;
  if (users) Object.assign(room, { people: new Set(users), count: page.count, admin: page.admin, joined: true });
  if (![...lines.values()].some((line) => line.from && line.sentAt < start)) room.before = before; // our oldest page
  room.complete = page.complete;
  messages.forEach(put);
  if (!catchUp) return;
  lines.delete(catchUp.gap);
  if (messages.some((line) => catchUp.known.includes(line.id))) room.catchUp = null;
  else if (before && ++catchUp.pages < CATCH_UP_PAGES) return before;
  else lines.set(catchUp.gap, { id: "", kind: "gap", sentAt: (catchUp.at ??= start) });
}
