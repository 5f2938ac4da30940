// The trace of an entry as a waterfall: what has one cause, when each step happened, and how long it took.
import { createElement, kindLabel } from "./elements.js";
import { formatMilliseconds } from "./formatting.js";

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

// Returns the steps of a trace with their times, as a table. `show` is called with the id of a step's entry.
export function renderWaterfall(entry, steps, show) {
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
    step.error && createElement("span", { className: `error ${failed}` }, step.error),
    createElement("span", { className: `narrow result ${failed}` }, step.status),
    step.inferred && createElement("span", { className: "inferred" }, INFERENCES[step.inferred][0]),
  );
  name.style.paddingInlineStart = `calc(var(--space) + ${INDENT_PIXELS * Math.min(step.depth, MAX_INDENTS)}px)`;
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
