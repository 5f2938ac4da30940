// What the log shows: days, the unread mark, gaps, folded comings and goings, messages grouped by author.
import { position } from "./lines.js";

const GROUP_MS = 5 * 60_000;

// `lines` are in order; what comes after the position `unread` is new to the reader ("" for no mark).
export function rows(lines, me, unread) {
	const out = [];
	for (const line of lines) {
		const { from, event, id, clientId, state } = line;
		const date = new Date(line.sentAt), day = `day ${date.toDateString()}`;
		if (out.at(-1)?.day !== day) out.push({ kind: "day", key: day, date, day });
		if (unread && from && from !== me && position(line) > unread) {
			unread = "";
			out.push({ kind: "unread", key: "unread", day });
		}
		const last = out.at(-1), mine = from === me;
		const row = { key: id, line, date, day, mine, grouped: last.line?.from === from && date - last.date < GROUP_MS };
		if (clientId || state) row.key = `${from} ${clientId ?? id}`; // the same before and after the server knows it
		row.kind = from ? "line" : line.gap ? "gap" : event === "joined" || event === "left" ? "presence" : "notice";
		if (row.kind === "presence" && last.events) last.events.push(line);
		else out.push(row.kind === "presence" ? { ...row, events: [line] } : row);
	}
	return out;
}
