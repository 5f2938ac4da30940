// What the log shows: days, the unread mark, gaps, comings and goings, messages.
import { isNew } from "./room.js";

const GROUP_MS = 5 * 60_000;

// What comes after the position `unread` is new ("" for no mark).
export function rows(lines, me, unread) {
	const out = [];
	for (const line of lines) {
		const { from, user, id, clientId = id } = line;
		const date = new Date(line.sentAt), day = `day ${date.toDateString()}`;
		if (out.at(-1)?.day !== day) out.push({ kind: "day", key: day, date, day });
		if (unread && isNew(line, me, unread)) {
			unread = "";
			out.push({ kind: "unread", key: "unread", day });
		}
		const last = out.at(-1), grouped = last.line?.from === from && date - last.date < GROUP_MS;
		const kind = from ? "line" : user ? "presence" : "notice";
		if (kind === "presence" && last.kind === kind) last.events.push(line);
		else out.push({ kind, key: `${from} ${clientId}`, line, date, day, me, grouped, events: [line] });
	}
	return out;
}
