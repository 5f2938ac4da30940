// One entry in full, and the chain it belongs to as a waterfall: from a client's frame to what was delivered.
import { byId, el, label, milliseconds, time } from "./el.js";

const GUESSES = {
  text: ["inferred, same text", "the call began while this event was being handled, and it sends a text of the event or names its user."],
  time: ["perhaps, same time", "no other event of this hub was being handled when the call began. Nothing else speaks for it."],
};

// `choose` marks the shown entry in the list and returns the row that was marked before.
export function details(choose) {
  const panel = byId("details"), content = byId("story");
  let shown = null, last = "", pending = null;

  async function load() {
    pending = null;
    const id = shown;
    if (id === null) return;
    const answer = await fetch(`inspector/entries/${id}`).catch(() => null);
    if (!answer || shown !== id) return;
    const text = await answer.text();
    if (shown !== id || text === last) return;
    last = text;
    const { entry, steps, note, message } = JSON.parse(text);
    content.replaceChildren(...(entry ? page(entry, steps, note, show) : [el("p", { className: "empty" }, message)]));
  }

  function show(id) {
    shown = id;
    panel.hidden = false;
    document.body.classList.add("detailed");
    choose(id);
    load();
  }

  function hide() {
    shown = null;
    last = "";
    panel.hidden = true;
    document.body.classList.remove("detailed");
    choose(null)?.querySelector("button").focus();
  }

  byId("back").addEventListener("click", hide);
  addEventListener("keydown", ({ key }) => key === "Escape" && !panel.hidden && hide());
  const refresh = () => {
    if (shown !== null) pending ??= setTimeout(load, 250);
  };
  return { show, hide, refresh };
}

function page(entry, steps, note, show) {
  const about = [label(entry.kind), el("span", {}, time(entry.began))];
  if (entry.status) about.push(el("span", { className: entry.ok === false ? "bad" : "" }, entry.status));
  return [
    el("h2", {}, entry.title),
    el("p", { className: "about" }, ...about),
    note && el("p", { className: "note" }, note),
    waterfall(entry, steps, show),
    payload("Payload", entry.content),
    payload("Answer", entry.answer),
    facts(entry),
  ].filter(Boolean);
}

function waterfall(entry, steps, show) {
  const start = Math.min(...steps.map(({ began }) => began));
  const end = Math.max(...steps.map(({ began, ms }) => began + (ms ?? 0) / 1000));
  const span = Math.max(end - start, 0.001);
  const guesses = new Set(steps.map(({ inferred }) => inferred).filter(Boolean));
  const rows = steps.map((step) => {
    const offset = (step.began - start) * 1000;
    const bar = el("span", { className: `bar ${step.kind} ${step.open ? "open" : ""} ${step.ms ? "" : "moment"}` });
    bar.style.insetInlineStart = `${((step.began - start) / span) * 100}%`;
    if (step.ms || step.open) bar.style.inlineSize = `${step.open ? 100 - ((step.began - start) / span) * 100 : (step.ms / 10 / span)}%`;
    const name = el("button", { type: "button", className: "link", onclick: () => show(step.id) }, step.title);
    if (step.id === entry.id) name.ariaCurrent = "true";
    const cell = el("th", { scope: "row" }, label(step.kind), name, step.user && el("bdi", { className: "who" }, step.user),
      el("span", { className: `narrow result ${step.ok === false ? "bad" : ""}` }, step.status),
      step.inferred && el("span", { className: "inferred" }, GUESSES[step.inferred][0]));
    cell.style.paddingInlineStart = `${16 + Math.min(step.depth, 6) * 16}px`;
    return el("tr", { className: `${step.inferred ? "guess" : ""} ${step.id === entry.id ? "chosen" : ""}` }, cell,
      el("td", { className: "track" }, el("span", { className: "lane" }, bar)),
      el("td", { className: `wide result ${step.ok === false ? "bad" : ""}` }, step.status),
      el("td", { className: "number" }, step.open ? "…" : step.ms && step.kind !== "delivery" ? milliseconds(step.ms) : `+${milliseconds(offset)}`));
  });
  const head = el("tr", {}, ...[["Step"], ["When", "when"], ["Result", "wide outcome"], ["ms", "number"]]
    .map(([text, className = ""]) => el("th", { scope: "col", className }, text)));
  const table = el("table", { className: "waterfall" },
    el("caption", {}, steps.length > 1 ? `What belongs together · ${milliseconds(span * 1000)} ms` : "Nothing else belongs to it"),
    el("thead", {}, head), el("tbody", {}, ...rows));
  return el("div", {}, table, ...[...guesses].map((guess) => el("p", { className: "guesses" }, GUESSES[guess].join(": "))));
}

function payload(title, content) {
  if (!content) return null;
  const { form, size, cut } = content;
  const amount = `${form} · ${size.toLocaleString()} bytes${cut ? ", the start of it" : ""}`;
  return el("section", { className: "payload" }, el("h3", {}, title, " ", el("small", {}, amount)),
    el("pre", { tabIndex: 0, role: "region", ariaLabel: title }, readable(content)));
}

function readable({ form, text, cut }) {
  return form === "json" && !cut ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

function facts(entry) {
  const known = { hub: entry.hub, user: entry.user, connection: entry.connection, ...entry.facts };
  if (entry.to.length) {
    const people = entry.to.map(([connection, user]) => user ?? connection.slice(0, 8));
    known.receivers = people.join(", ") + (entry.receivers > people.length ? ` and ${entry.receivers - people.length} more` : "");
  }
  const pairs = Object.entries(known).filter(([, value]) => value !== null && value !== "");
  return el("dl", {}, ...pairs.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
}
