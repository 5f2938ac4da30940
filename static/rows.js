// What the log shows, row by row: days, the unread mark, gaps, folded comings and goings, and grouped messages.
import { position } from "./lines.js";

const GROUP_MS = 5 * 60_000;

// `lines` are in order; `unread` is the position after which nothing was read yet ("" for no mark).
export function rows(lines, me, unread) {
  const out = [];
  let day, marked = !unread;
  for (const line of lines) {
    const date = new Date(line.sentAt);
    if (date.toDateString() !== day) {
      day = date.toDateString();
      out.push({ kind: "day", key: `day ${day}`, date });
    }
    if (!marked && line.from && line.from !== me && position(line) > unread) {
      marked = true;
      out.push({ kind: "unread", key: "unread" });
    }
    const previous = out.at(-1);
    const comings = line.event === "joined" || line.event === "left";
    if (comings && previous.kind === "presence") previous.events.push(line);
    else out.push(comings ? { kind: "presence", key: line.id, events: [line] } : row(line, date, previous, me));
  }
  return out;
}

function row(line, date, previous, me) {
  if (line.kind === "gap") return { kind: "gap", key: `gap ${line.sentAt}` };
  if (!line.from) return { kind: "notice", key: line.id, line };
  const grouped = previous.kind === "line" && previous.line.from === line.from && date - previous.date < GROUP_MS;
  return { kind: "line", key: line.clientId ? `${line.from} ${line.clientId}` : line.id, line, date, grouped, mine: line.from === me };
}
