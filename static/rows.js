// What the log shows: days, the unread mark, gaps, folded comings and goings, and messages grouped by author.
import { position } from "./lines.js";

const GROUP_MS = 5 * 60_000;

// `lines` are in order; what comes after the position `unread` is new to the reader ("" for no mark).
export function rows(lines, me, unread) {
  const out = [];
  for (const line of lines) {
    const date = new Date(line.sentAt);
    const day = `day ${date.toDateString()}`;
    const last = () => out.at(-1);
    const { kind, from, event, id } = line;
    if (last()?.day !== day) out.push({ kind: "day", key: day, date, day });
    if (unread && from && from !== me && position(line) > unread) {
      unread = "";
      out.push({ kind: "unread", key: "unread", day });
    }
    const before = last();
    const row = { kind: "line", key: id, line, date, day, mine: from === me };
    if (kind === "gap") out.push({ ...row, kind, key: `gap ${line.sentAt}` });
    else if (event === "joined" || event === "left") {
      if (before.events) before.events.push(line);
      else out.push({ ...row, kind: "presence", events: [line] });
    } else if (!from) out.push({ ...row, kind: "notice" });
    else {
      row.grouped = before.kind === "line" && before.line.from === from && date - before.date < GROUP_MS;
      if (line.clientId) row.key = `${from} ${line.clientId}`; // the same before and after the server knows it
      out.push(row);
    }
  }
  return out;
}
