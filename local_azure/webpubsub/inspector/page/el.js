// An element with properties and children; strings become text nodes, never markup.
export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

// The kinds of entries: how each is called, and whether the list shows it at first.
export const KINDS = {
  connection: "connection",
  "frame-in": "from client",
  webhook: "webhook",
  rest: "REST",
  delivery: "delivery",
  "frame-out": "to client",
  fault: "fault",
};

export const label = (kind) => el("span", { className: `kind ${kind}` }, KINDS[kind]);

export const time = (seconds) => {
  const date = new Date(seconds * 1000);
  return `${date.toLocaleTimeString([], { hour12: false })}.${String(date.getMilliseconds()).padStart(3, "0")}`;
};

export const milliseconds = (ms) => (ms === null ? "" : ms < 10 ? ms.toFixed(1) : Math.round(ms).toLocaleString());

export const tone = (entry) => (entry.ok === false ? "bad" : entry.open ? "open" : "");
