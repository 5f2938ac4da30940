// The list of what happens, oldest first; it follows the newest while it is scrolled to its end.
import { byId, el, label, milliseconds, time, tone } from "./el.js";

const SHOWN = 600;

export function flow(open) {
  const body = byId("rows"), scroll = body.closest(".scroll");
  const drawn = new Map(); // id → { row, text }
  let chosen = null;

  function draw(wanted, total) {
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
    const shown = wanted.sort((a, b) => a.began - b.began || a.id - b.id).slice(-SHOWN);
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, { row }] of drawn) {
      if (ids.has(id)) continue;
      row.remove();
      drawn.delete(id);
    }
    let at = body.firstElementChild;
    for (const entry of shown) {
      const text = JSON.stringify(entry);
      let known = drawn.get(entry.id);
      if (known?.text !== text) {
        const next = { row: line(entry, open), text };
        next.row.classList.toggle("chosen", entry.id === chosen);
        if (known) {
          if (at === known.row) at = next.row;
          known.row.replaceWith(next.row);
        }
        drawn.set(entry.id, next);
        known = next;
      }
      if (known.row === at) at = at.nextElementSibling;
      else body.insertBefore(known.row, at);
    }
    byId("nothing").hidden = shown.length > 0;
    byId("nothing").textContent = total
      ? "Nothing here fits the filters."
      : "Nothing has happened yet. Connect a client, and it shows up here.";
    if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  }

  // Marks the entry whose details are shown; null marks none. Returns the row that was marked before.
  function choose(id) {
    const before = drawn.get(chosen)?.row;
    before?.classList.remove("chosen");
    chosen = id;
    drawn.get(id)?.row.classList.add("chosen");
    return before;
  }

  return { draw, choose };
}

function line(entry, open) {
  const who = entry.user ?? (entry.connection ? entry.connection.slice(0, 8) : names(entry));
  const button = el("button", { type: "button", className: "link", onclick: () => open(entry.id) }, entry.title);
  const row = el("tr", { className: `${entry.kind} ${tone(entry)}` },
    el("td", { className: "time" }, time(entry.began)),
    el("td", { className: "wide" }, label(entry.kind)),
    el("td", { className: "what" }, button, el("span", { className: "narrow who" }, who), el("span", { className: "excerpt" }, entry.excerpt)),
    el("td", { className: "wide who" }, el("bdi", {}, who)),
    el("td", { className: "result" }, entry.status),
    el("td", { className: "wide number" }, entry.kind === "webhook" || entry.kind === "rest" ? milliseconds(entry.ms) : ""));
  row.dataset.entry = entry.id;
  row.addEventListener("click", ({ target }) => target === button || open(entry.id));
  return row;
}

function names({ to, receivers }) {
  const users = [...new Set(to.map(([connection, user]) => user ?? connection.slice(0, 8)))];
  const more = receivers - to.length;
  return users.slice(0, 3).join(", ") + (users.length > 3 || more > 0 ? " …" : "");
}
