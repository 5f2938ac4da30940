// What one room knows, and what a frame from the server changes about it.
import { merged, ordered, position } from "./lines.js";

const TYPING_MS = 6000, CATCH_UP_PAGES = 5;

export function newRoom(name, read = "") {
	return { name, read, lines: new Map(), people: new Set(), count: 0, typing: new Map() };
}

// What others said in order since the place that was read up to.
export const unread = ({ lines, read }, me) =>
	ordered(lines.values()).filter((line) => line.from && line.from !== me && position(line) > read);

// Before joining anew: notes what is known, because the answer shows whether anything is missing since.
export function expectGap(room, now) {
	const known = [...room.lines.values()].filter((line) => line.from).map((line) => line.id);
	room.joined = false;
	room.catchUp = known.length && { known, pages: 0, gap: `gap ${now}` };
}

// Applies a frame that came at `now` (ms). Returns a cursor when an older page is needed to close a gap.
export function receive(room, frame, now) {
	const { lines, people, typing } = room;
	const { type, id, user, from, event, at = new Date(now).toISOString() } = frame;
	const put = (line) => lines.set(line.id, merged(lines.get(line.id), line));
	if (type === "typing") return void typing.set(user, now + TYPING_MS);
	typing.delete(from ?? user);
	if (type === "joined" || type === "history") return takePage(room, frame, at, put);
	if (type === "reaction" && lines.has(id)) lines.set(id, reacted(lines.get(id), frame));
	if (!type || type === "edited" || type === "deleted") put({ message: "", ...frame });
	if (type !== "system") return;
	const { size } = people;
	if (user) people[event === "joined" ? "add" : "delete"](user);
	room.count += people.size - size;
	put({ ...frame, id: `${event} ${user ?? lines.size} ${at}`, sentAt: at });
}

function reacted(line, { emoji, user, on }) {
	const others = (line.reactions?.[emoji] ?? []).filter((one) => one !== user);
	return { ...line, reactions: { ...line.reactions, [emoji]: on ? [...others, user] : others } };
}

function takePage(room, { users, count, admin, messages, before, complete }, at, put) {
	const { catchUp, lines } = room;
	const start = messages[0]?.sentAt ?? at, gap = catchUp?.gap ?? "gap";
	if (users) Object.assign(room, { people: new Set(users), count, admin, joined: true });
	if (![...lines.values()].some((line) => line.from && line.sentAt < start)) room.before = before; // the oldest page
	messages.forEach(put);
	lines.delete(gap);
	if (complete && (!catchUp || messages.some((line) => catchUp.known.includes(line.id)))) room.catchUp = null;
	else if (catchUp && before && ++catchUp.pages < CATCH_UP_PAGES) return before;
	else lines.set(gap, { id: "", gap: true, sentAt: start });
}
