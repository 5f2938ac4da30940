// What one room knows, and what a frame from the server changes about it.
const TYPING_MS = 6000, CATCH_UP_PAGES = 5;

export const newRoom = (name, read = "") =>
	({ name, read, lines: new Map(), people: new Set(), more: 0, typing: new Map() });

// Two versions of one line: the earlier time, the newest text. One without `sentAt` is an early change.
export function merged(old, line) {
	const both = { ...old, ...line };
	if (old?.sentAt < line.sentAt) both.sentAt = old.sentAt;
	if (old?.editedAt > (line.editedAt ?? "")) Object.assign(both, { message: old.message, editedAt: old.editedAt });
	return both.deletedAt ? { ...both, message: "" } : both;
}

// A line's place in everybody's order.
export const position = ({ sentAt, id }) => `${sentAt} ${id}`;

export function ordered({ lines }) {
	return [...lines.values()].filter((line) => line.sentAt).sort((a, b) => (position(a) < position(b) ? -1 : 1));
}

const said = ({ lines }) => [...lines.values()].filter((line) => line.from);

// Whether somebody else said it after the position `read`.
export const isNew = (line, me, read) => line.from && line.from !== me && position(line) > read;

export const unread = (room, me) => said(room).filter((line) => isNew(line, me, room.read)).length;

// Before joining anew: notes what is known, to find what is missing.
export function expectGap(room, now) {
	const known = said(room).map(({ id }) => id);
	room.joined = false;
	room.catchUp = known.length && { known, pages: 0, gap: `!${now}` };
}

// Applies a frame; returns a cursor when an older page is needed to close a gap.
export function receive(room, frame, now) {
	const { lines, people, typing } = room;
	const { type, id, user, from, event, at = new Date(now).toISOString() } = frame;
	const put = (line) => lines.set(line.id, merged(lines.get(line.id), line));
	if (type === "typing") return void typing.set(user, now + TYPING_MS);
	typing.delete(from ?? user);
	if (type === "joined" || type === "history") return takePage(room, frame, at, put);
	if (type === "reaction") put({ id, reactions: reacted(lines.get(id), frame) });
	if (!type || type === "edited" || type === "deleted") put(frame);
	if (type !== "system") return;
	if (user) people[event === "joined" ? "add" : "delete"](user);
	put({ ...frame, id: `${event} ${user ?? lines.size} ${at}`, sentAt: at });
}

function reacted(line, { emoji, user, on }) {
	const others = (line?.reactions?.[emoji] ?? []).filter((one) => one !== user);
	return { ...line?.reactions, [emoji]: on ? [...others, user] : others };
}

function takePage(room, { user, users, count, admin, messages, before, complete }, at, put) {
	const { catchUp, lines } = room;
	const start = messages[0]?.sentAt ?? at, gap = catchUp?.gap ?? "!", people = new Set(users).add(user);
	if (users) Object.assign(room, { people, more: Math.max(0, count - people.size), admin, joined: true });
	if (!said(room).some(({ sentAt }) => sentAt < start)) room.before = before;
	messages.forEach(put);
	lines.delete(gap);
	if (complete && (!catchUp || messages.some(({ id }) => catchUp.known.includes(id)))) room.catchUp = null;
	else if (catchUp && before && ++catchUp.pages < CATCH_UP_PAGES) return before;
	else lines.set(gap, { id: gap, event: "gap", message: "Messages may be missing here.", sentAt: start });
}
