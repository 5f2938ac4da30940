// Functions that create elements and format values, used by every view.

// Returns an element with properties and children. Strings become text nodes, never markup.
export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function elementById(id) {
  return document.getElementById(id);
}

// The label of each kind of entry.
export const KIND_LABELS = {
  connection: "connection",
  "frame-in": "from client",
  webhook: "webhook",
  rest: "REST",
  storage: "storage",
  delivery: "delivery",
  "frame-out": "to client",
  fault: "fault",
};

export function kindLabel(kind) {
  return createElement("span", { className: `kind ${kind}` }, KIND_LABELS[kind]);
}

// A connection without a user is shown by the start of its id.
export function connectionName(id, user) {
  return user ?? id.slice(0, 8);
}

export function formatTime(secondsSinceEpoch) {
  const date = new Date(secondsSinceEpoch * 1000);
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${date.toLocaleTimeString([], { hour12: false })}.${milliseconds}`;
}

export function formatMilliseconds(milliseconds) {
  if (milliseconds === null) {
    return "";
  }
  return milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds).toLocaleString();
}

// The class that colors the result of an entry or a step.
export function resultClass({ ok, inProgress }) {
  if (ok === false) {
    return "bad";
  }
  return inProgress ? "open" : "";
}
