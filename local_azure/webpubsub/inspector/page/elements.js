// Functions that create elements, used by every view.
import { KIND_LABELS } from "./formatting.js";

// Returns an element with properties and children. Strings become text nodes, never markup; null, undefined and false
// are left out.
export function createElement(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function createButton(text, onclick, properties = {}) {
  return createElement("button", { type: "button", onclick, ...properties }, text);
}

export function elementById(id) {
  return document.getElementById(id);
}

export function kindLabel(kind) {
  return createElement("span", { className: `kind ${kind}` }, KIND_LABELS[kind]);
}

// Returns a table of names and values; a value is a text or an element.
export function createFacts(facts) {
  const nodes = Object.entries(facts).flatMap(([name, value]) => [
    createElement("dt", {}, name),
    createElement("dd", {}, value instanceof Node ? value : String(value)),
  ]);
  return createElement("dl", {}, ...nodes);
}
