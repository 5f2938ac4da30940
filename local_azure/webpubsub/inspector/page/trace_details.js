// The details of one entry, with the trace that it belongs to as a waterfall.
import { connectionName, createElement, elementById, formatMilliseconds, formatTime, kindLabel } from "./elements.js";

const REFRESH_MILLISECONDS = 250;
const INDENT_PIXELS = 16;
const MAX_INDENTS = 6;

// For each kind of evidence: the mark of an inferred step, and what the mark means.
const INFERENCES = {
  text: [
    "inferred, same text",
    "the call began while this event was being handled, and it sends a text of the event or names its user.",
  ],
  time: [
    "perhaps, same time",
    "no other event of this hub was being handled when the call began. There is no other evidence.",
  ],
};

// `chooseRow` marks the shown entry in the list and returns the row that was marked before.
export function createDetails(chooseRow) {
  const panel = elementById("details");
  const content = elementById("trace");
  let shownId = null;
  let renderedText = "";
  let refreshTimer = null;

  async function load() {
    refreshTimer = null;
    const id = shownId;
    if (id === null) {
      return;
    }
    const response = await fetch(`inspector/entries/${id}`).catch(() => null);
    const text = await response?.text();
    if (text === undefined || shownId !== id || text === renderedText) {
      return;
    }
    renderedText = text;
    const { entry, steps, note, message } = JSON.parse(text);
    const nodes = entry ? renderEntry(entry, steps, note, show) : [createElement("p", { className: "empty" }, message)];
    content.replaceChildren(...nodes);
  }

  function show(id) {
    shownId = id;
    panel.hidden = false;
    document.body.classList.add("detailed");
    chooseRow(id);
    load();
  }

  function hide() {
    shownId = null;
    renderedText = "";
    panel.hidden = true;
    document.body.classList.remove("detailed");
    chooseRow(null)?.querySelector("button").focus();
  }

  // Loads the shown entry again after a short time: its trace may have grown.
  function scheduleRefresh() {
    if (shownId !== null && refreshTimer === null) {
      refreshTimer = setTimeout(load, REFRESH_MILLISECONDS);
    }
  }

  elementById("back").addEventListener("click", hide);
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && !panel.hidden) {
      hide();
    }
  });
  return { show, hide, scheduleRefresh };
}

function renderEntry(entry, steps, note, show) {
  const about = [kindLabel(entry.kind), createElement("span", {}, formatTime(entry.began))];
  if (entry.status) {
    about.push(createElement("span", { className: entry.ok === false ? "bad" : "" }, entry.status));
  }
  return [
    createElement("h2", {}, entry.title),
    createElement("p", { className: "about" }, ...about),
    note && createElement("p", { className: "note" }, note),
    renderWaterfall(entry, steps, show),
    renderPayload("Payload", entry.content),
    renderPayload("Answer", entry.answer),
    renderFacts(entry),
  ].filter(Boolean);
}

function renderWaterfall(entry, steps, show) {
  const start = Math.min(...steps.map(({ began }) => began));
  const end = Math.max(...steps.map(({ began, ms }) => began + (ms ?? 0) / 1000));
  const span = Math.max(end - start, 0.001);
  const caption =
    steps.length > 1
      ? `Entries with one cause · ${formatMilliseconds(span * 1000)} ms`
      : "No other entry has this cause";
  const evidence = new Set(steps.map(({ inferred }) => inferred).filter(Boolean));
  const table = createElement(
    "table",
    { className: "waterfall" },
    createElement("caption", {}, caption),
    renderHead(),
    createElement("tbody", {}, ...steps.map((step) => renderStep(step, { entry, start, span, show }))),
  );
  const explanations = [...evidence].map((kind) =>
    createElement("p", { className: "explanations" }, INFERENCES[kind].join(": ")),
  );
  return createElement("div", {}, table, ...explanations);
}

function renderHead() {
  const columns = [
    ["Step", ""],
    ["When", "when"],
    ["Result", "wide outcome"],
    ["ms", "number"],
  ];
  const cells = columns.map(([text, className]) => createElement("th", { scope: "col", className }, text));
  return createElement("thead", {}, createElement("tr", {}, ...cells));
}

function renderStep(step, { entry, start, span, show }) {
  const isShown = step.id === entry.id;
  const failed = step.ok === false ? "bad" : "";
  const button = createElement(
    "button",
    { type: "button", className: "link", onclick: () => show(step.id) },
    step.title,
  );
  if (isShown) {
    button.ariaCurrent = "true";
  }
  const name = createElement(
    "th",
    { scope: "row" },
    kindLabel(step.kind),
    button,
    step.user && createElement("bdi", { className: "who" }, step.user),
    step.error && createElement("span", { className: failed }, step.error),
    createElement("span", { className: `narrow result ${failed}` }, step.status),
    step.inferred && createElement("span", { className: "inferred" }, INFERENCES[step.inferred][0]),
  );
  name.style.paddingInlineStart = `${INDENT_PIXELS * (1 + Math.min(step.depth, MAX_INDENTS))}px`;
  return createElement(
    "tr",
    { className: `${step.inferred ? "uncertain" : ""} ${isShown ? "chosen" : ""}` },
    name,
    createElement("td", {}, createElement("span", { className: "lane" }, renderBar(step, start, span))),
    createElement("td", { className: `wide result ${failed}` }, step.status),
    createElement("td", { className: "number" }, stepDuration(step, start)),
  );
}

function renderBar(step, start, span) {
  const startPercent = ((step.began - start) / span) * 100;
  const className = `bar ${step.kind} ${step.inProgress ? "open" : ""} ${step.ms ? "" : "moment"}`;
  const bar = createElement("span", { className });
  bar.style.insetInlineStart = `${startPercent}%`;
  if (step.inProgress) {
    bar.style.inlineSize = `${100 - startPercent}%`;
  } else if (step.ms) {
    bar.style.inlineSize = `${step.ms / 10 / span}%`;
  }
  return bar;
}

// How long a step took; for a moment, and for a delivery, how long after the start of the trace it happened.
function stepDuration(step, start) {
  if (step.inProgress) {
    return "…";
  }
  if (step.ms && step.kind !== "delivery") {
    return formatMilliseconds(step.ms);
  }
  return `+${formatMilliseconds((step.began - start) * 1000)}`;
}

function renderPayload(title, payload) {
  if (!payload) {
    return null;
  }
  const { form, size, truncated } = payload;
  const amount = `${form} · ${size.toLocaleString()} bytes${truncated ? ", the start of it" : ""}`;
  return createElement(
    "section",
    { className: "payload" },
    createElement("h3", {}, title, " ", createElement("small", {}, amount)),
    createElement("pre", { tabIndex: 0, role: "region", ariaLabel: title }, readableText(payload)),
  );
}

function readableText({ form, text, truncated }) {
  return form === "json" && !truncated ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

function renderFacts(entry) {
  const facts = { hub: entry.hub, user: entry.user, connection: entry.connection, ...entry.facts };
  if (entry.receivers.length) {
    const names = entry.receivers.map(([connection, user]) => connectionName(connection, user));
    const more = entry.receiverCount - names.length;
    facts.receivers = names.join(", ") + (more > 0 ? ` and ${more} more` : "");
  }
  const shown = Object.entries(facts).filter(([, value]) => value !== null && value !== "");
  return createElement(
    "dl",
    {},
    ...shown.flatMap(([name, value]) => [createElement("dt", {}, name), createElement("dd", {}, String(value))]),
  );
}
