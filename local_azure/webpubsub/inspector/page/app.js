// What the page knows and shows: the stream fills it, the views draw it, the filters and the hash choose.
import { connections, hubs } from "./state.js";
import { details } from "./details.js";
import { byId, el, KINDS } from "./el.js";
import { faults } from "./faults.js";
import { flow } from "./flow.js";

const KEPT = 2000;
const VIEWS = ["flow", "connections", "hubs", "faults"];
const entries = new Map();
const held = new Map();
let run, state, paused = false, live = false, cleared = 0, forms;

const filters = byId("filters");
const list = flow((id) => story.show(id));
const story = details((id) => list.choose(id));
const faultView = faults();

for (const [kind, name] of [...Object.entries(KINDS), ["routine", "pings, sequence acks, validation"]]) {
  const box = el("input", { type: "checkbox", name: "kind", value: kind, checked: kind !== "routine" });
  byId("kinds").append(el("label", { className: `check ${kind}` }, box, ` ${name}`));
}

function wanted() {
  const data = new FormData(filters);
  const kinds = new Set(data.getAll("kind")), hub = data.get("hub"), who = data.get("who").trim().toLowerCase();
  const names = (...texts) => texts.some((text) => text?.toLowerCase().includes(who));
  return {
    entry: (entry) => kinds.has(entry.kind) && (!entry.routine || kinds.has("routine")) && (!hub || entry.hub === hub)
      && (!who || names(entry.user, entry.connection, ...entry.to.flat())),
    connection: (connection) => (!hub || connection.hub === hub) && (!who || names(connection.user, connection.id)),
  };
}

function draw() {
  const { entry, connection } = wanted();
  list.draw([...entries.values()].filter(entry), entries.size);
  if (state) connections(state, connection, showUser);
}

function drawState() {
  const names = state.hubs.map(({ name }) => name);
  const select = filters.elements.hub;
  const chosen = select.value;
  if ([...select.options].slice(1).map(({ value }) => value).join("\n") !== names.join("\n")) {
    select.replaceChildren(el("option", { value: "" }, "all"), ...names.map((name) => el("option", { value: name }, name)));
    select.value = names.includes(chosen) ? chosen : "";
  }
  byId("connection-count").textContent = state.connectionCount || "";
  byId("hub-count").textContent = names.length || "";
  byId("fault-count").textContent = state.faults.length || "";
  hubs(state);
  faultView.draw(state.faults);
  connections(state, wanted().connection, showUser);
}

function say() {
  const status = byId("status");
  status.className = live ? (paused ? "paused" : "live") : "bad";
  const waiting = held.size ? ` · ${held.size.toLocaleString()} new` : "";
  status.textContent = live ? (paused ? `Paused${waiting}` : "Live") : "The service does not answer. Trying again…";
}

function take(batch) {
  const target = paused ? held : entries;
  for (const entry of batch) if (entry.id > cleared) target.set(entry.id, entry);
  for (const id of target.keys()) {
    if (target.size <= KEPT) break;
    target.delete(id);
  }
  if (!paused) {
    draw();
    story.refresh();
  }
  say();
}

function pause(on) {
  paused = on;
  byId("pause").textContent = on ? "Resume" : "Pause";
  byId("pause").ariaPressed = String(on);
  if (on) return say();
  const missed = [...held.values()];
  held.clear();
  take(missed);
}

function clear() {
  cleared = Math.max(cleared, ...entries.keys(), ...held.keys());
  entries.clear();
  held.clear();
  story.hide();
  draw();
  say();
}

function showUser(who) {
  filters.elements.who.value = who;
  location.hash = "flow";
  draw();
}

function view() {
  const name = VIEWS.find((one) => location.hash === `#${one}`) ?? "flow";
  for (const one of VIEWS) byId(one).hidden = one !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.ariaCurrent = "page";
    else link.removeAttribute("aria-current");
  }
  filters.hidden = name !== "flow" && name !== "connections";
  byId("kinds").hidden = name !== "flow";
}

const stream = new EventSource("inspector/stream");
stream.addEventListener("hello", ({ data }) => {
  const hello = JSON.parse(data);
  if (run !== undefined && run !== hello.run) {
    cleared = 0;
    clear();
    cleared = 0;
  }
  ({ run, forms } = hello);
  faultView.forms(forms);
  live = true;
  say();
});
stream.addEventListener("entries", ({ data }) => take(JSON.parse(data)));
stream.addEventListener("state", ({ data }) => {
  state = JSON.parse(data);
  drawState();
});
stream.addEventListener("error", () => {
  live = false;
  say();
});

byId("pause").addEventListener("click", () => pause(!paused));
byId("clear").addEventListener("click", clear);
filters.addEventListener("input", draw);
filters.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", view);
view();
draw();
