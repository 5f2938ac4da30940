// The page: it keeps what the service's event stream sends, applies the filters, and renders the views.
import { createElement, elementById, KIND_LABELS } from "./elements.js";
import { createFaultView } from "./fault_form.js";
import { createFlow } from "./flow.js";
import { renderConnections, renderHubs } from "./service_state.js";
import { createDetails } from "./trace_details.js";

const MAX_ENTRIES = 2000;
const VIEWS = ["flow", "connections", "hubs", "faults"];

const entries = new Map(); // by id
const heldEntries = new Map(); // by id: entries that arrived while the page is paused
let serviceRun = null; // identifies one run of the service
let serviceState = null;
let isPaused = false;
let isLive = false;
let clearedUpToId = 0; // entries up to this id are not shown

const filters = elementById("filters");
const flow = createFlow((id) => details.show(id));
const details = createDetails((id) => flow.choose(id));
const faultView = createFaultView();

function createKindFilters() {
  const kinds = [...Object.entries(KIND_LABELS), ["routine", "pings, sequence acks, validation"]];
  for (const [kind, label] of kinds) {
    const box = createElement("input", { type: "checkbox", name: "kind", value: kind, checked: kind !== "routine" });
    elementById("kinds").append(createElement("label", { className: `check ${kind}` }, box, ` ${label}`));
  }
}

// Returns two functions that tell whether an entry or a connection matches the filters.
function readFilters() {
  const data = new FormData(filters);
  const kinds = new Set(data.getAll("kind"));
  const hub = data.get("hub");
  const who = data.get("who").trim().toLowerCase();
  const isInHub = (item) => !hub || item.hub === hub;
  const isNamedIn = (...names) => !who || names.some((name) => name?.toLowerCase().includes(who));
  const hasKind = ({ kind, routine }) => kinds.has(kind) && (!routine || kinds.has("routine"));
  return {
    matchesEntry: (entry) =>
      hasKind(entry) && isInHub(entry) && isNamedIn(entry.user, entry.connection, ...entry.receivers.flat()),
    matchesConnection: (connection) => isInHub(connection) && isNamedIn(connection.user, connection.id),
  };
}

function renderFiltered() {
  const { matchesEntry, matchesConnection } = readFilters();
  flow.render([...entries.values()].filter(matchesEntry), entries.size);
  if (serviceState) {
    renderConnections(serviceState, matchesConnection, follow);
  }
}

function renderServiceState() {
  const hubNames = serviceState.hubs.map(({ name }) => name);
  renderHubFilter(hubNames);
  elementById("connection-count").textContent = serviceState.connectionCount || "";
  elementById("hub-count").textContent = hubNames.length || "";
  elementById("fault-count").textContent = serviceState.faults.length || "";
  renderHubs(serviceState);
  faultView.renderFaults(serviceState.faults);
  renderConnections(serviceState, readFilters().matchesConnection, follow);
}

function renderHubFilter(hubNames) {
  const select = filters.elements.hub;
  const shownNames = [...select.options].slice(1).map(({ value }) => value);
  if (shownNames.join("\n") === hubNames.join("\n")) {
    return;
  }
  const selected = select.value;
  const options = hubNames.map((name) => createElement("option", { value: name }, name));
  select.replaceChildren(createElement("option", { value: "" }, "all"), ...options);
  select.value = hubNames.includes(selected) ? selected : "";
}

function renderStatus() {
  const status = elementById("status");
  if (!isLive) {
    status.className = "bad";
    status.textContent = "The service does not answer. Trying again…";
  } else if (isPaused) {
    status.className = "paused";
    status.textContent = heldEntries.size ? `Paused · ${heldEntries.size.toLocaleString()} new` : "Paused";
  } else {
    status.className = "live";
    status.textContent = "Live";
  }
}

// Adds new entries, and replaces those that have changed.
function addEntries(changed) {
  const target = isPaused ? heldEntries : entries;
  for (const entry of changed) {
    if (entry.id > clearedUpToId) {
      target.set(entry.id, entry);
    }
  }
  for (const id of target.keys()) {
    if (target.size <= MAX_ENTRIES) {
      break;
    }
    target.delete(id);
  }
  if (!isPaused) {
    renderFiltered();
    details.scheduleRefresh();
  }
  renderStatus();
}

function setPaused(paused) {
  isPaused = paused;
  const button = elementById("pause");
  button.textContent = paused ? "Resume" : "Pause";
  button.ariaPressed = String(paused);
  if (!paused) {
    const missed = [...heldEntries.values()];
    heldEntries.clear();
    addEntries(missed);
  }
  renderStatus();
}

function removeEntries() {
  entries.clear();
  heldEntries.clear();
  details.hide();
  renderFiltered();
  renderStatus();
}

function clearFlow() {
  clearedUpToId = Math.max(clearedUpToId, ...entries.keys(), ...heldEntries.keys());
  removeEntries();
}

// Shows the entries of one connection.
function follow(connectionId) {
  filters.elements.who.value = connectionId;
  location.hash = "flow";
  renderFiltered();
}

function showView() {
  const shown = VIEWS.find((view) => location.hash === `#${view}`) ?? "flow";
  for (const view of VIEWS) {
    elementById(view).hidden = view !== shown;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${shown}`) {
      link.ariaCurrent = "page";
    } else {
      link.removeAttribute("aria-current");
    }
  }
  filters.hidden = shown !== "flow" && shown !== "connections";
  elementById("kinds").hidden = shown !== "flow";
}

// A restarted service numbers its entries from 1 again.
function onHello({ run, forms }) {
  if (serviceRun !== null && serviceRun !== run) {
    clearedUpToId = 0;
    removeEntries();
  }
  serviceRun = run;
  faultView.setForms(forms);
  isLive = true;
  renderStatus();
}

function openStream() {
  const stream = new EventSource("inspector/stream");
  stream.addEventListener("hello", ({ data }) => onHello(JSON.parse(data)));
  stream.addEventListener("entries", ({ data }) => addEntries(JSON.parse(data)));
  stream.addEventListener("state", ({ data }) => {
    serviceState = JSON.parse(data);
    renderServiceState();
  });
  stream.addEventListener("error", () => {
    isLive = false;
    renderStatus();
  });
}

createKindFilters();
elementById("pause").addEventListener("click", () => setPaused(!isPaused));
elementById("clear").addEventListener("click", clearFlow);
filters.addEventListener("input", renderFiltered);
filters.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", showView);
showView();
renderFiltered();
openStream();
