// What one room knows, and what each frame from the server changes about it.
import { merged, position } from "./lines.js";

const TYPING_MS = 6000, CATCH_UP_PAGES = 5;

export function newRoom(name) {
  return { name, lines: new Map(), people: new Set(), count: 0, typing: new Map(), read: "", before: null };
}

// Notes what is known at the moment a connection ended for good, so that the next page shows whether anything is missing.
export function expectGap(room) {
  const known = [...room.lines.values()].filter((line) => line.from).map((line) => line.id);
  room.catchUp = known.length ? { known: new Set(known), pages: 0, gap: `gap ${position({ sentAt: "", id: known.at(-1) })}` } : null;
}

// Applies one frame. `now` is the time in milliseconds. Returns a cursor when an older page is needed to close a gap.
export function receive(room, frame, now) {
  const put = (line) => room.lines.set(line.id, merged(room.lines.get(line.id), line));
  const at = new Date(now).toISOString();
  if (frame.type === "joined") {
    room.people = new Set(frame.users);
    room.count = frame.count ?? room.people.size;
    room.admin = frame.admin;
    room.joined = true;
  }
  switch (frame.type) {
    case undefined:
      room.typing.delete(frame.from);
      return void put(frame);
    case "system":
      if (frame.event === "joined" || frame.event === "left") note(room, frame);
      return void put({ ...frame, id: `${frame.event} ${frame.user ?? now} ${frame.at ?? room.lines.size}`, sentAt: frame.at ?? at });
    case "joined":
    case "history":
      return takePage(room, frame, at, put);
    case "typing":
      return void room.typing.set(frame.user, now + TYPING_MS);
    case "edited":
      return void put({ id: frame.id, message: frame.message, editedAt: frame.editedAt });
    case "deleted":
      return void put({ id: frame.id, message: "", deletedAt: frame.deletedAt });
    case "reaction":
      return void react(room, frame);
  }
}

function note(room, { event, user }) {
  const was = room.people.size;
  room.people[event === "joined" ? "add" : "delete"](user);
  room.count += room.people.size - was;
  room.typing.delete(user);
}

function react(room, { id, emoji, user, on }) {
  const line = room.lines.get(id);
  if (!line) return;
  const users = new Set(line.reactions?.[emoji]);
  users[on ? "add" : "delete"](user);
  room.lines.set(id, { ...line, reactions: { ...line.reactions, [emoji]: [...users] } });
}

function takePage(room, page, at, put) {
  const { catchUp, lines } = room;
  const messages = page.messages ?? [];
  const oldest = messages[0];
  const earliest = [...lines.values()].every((line) => !line.from || !line.sentAt || !oldest || oldest.sentAt <= line.sentAt);
  if (earliest) room.before = page.before;
  room.complete = page.complete !== false;
  messages.forEach(put);
  if (!catchUp) return;
  lines.delete(catchUp.gap);
  if (messages.some((line) => catchUp.known.has(line.id))) return void (room.catchUp = null);
  if (page.before && ++catchUp.pages < CATCH_UP_PAGES) return page.before;
  catchUp.at ??= oldest?.sentAt ?? at;
  lines.set(catchUp.gap, { id: "", kind: "gap", sentAt: catchUp.at });
}
