// What panels are made of: sections, fields with what is wrong with them, and controls that wait for an answer.
import { Refusal } from "../client/requests.js";
import { createElement } from "../view/dom.js";
import { formatDay, formatTime } from "../view/format.js";
import { describeRefusal } from "../view/words.js";

let lastId = 0;

/** Returns a new id for an element. */
export function newId() {
  lastId += 1;
  return `control-${lastId}`;
}

/** Returns a part of a panel with a heading. */
export function createSection(title, ...children) {
  const heading = createElement("h3", { id: newId(), tabIndex: -1 }, title);
  const section = createElement("section", {}, heading, ...children);
  section.setAttribute("aria-labelledby", heading.id);
  return section;
}

/** Returns the button that leads back to another panel. */
export function createBackButton(panel = "room", label = "Back to the room") {
  const button = createElement("button", { value: panel, className: "back" }, label);
  button.dataset.action = "open-panel";
  return button;
}

/**
 * Returns a line that says what came of an act, in its place: `say` and `fail` show a text, `clear` removes it. Screen
 * readers say it too.
 */
export function createOutcome() {
  const element = createElement("p", { className: "outcome", role: "status" });
  const show = (text, isFailure) => {
    element.textContent = text;
    element.classList.toggle("failure", isFailure);
    if (text) element.scrollIntoView({ block: "nearest" });
  };
  return {
    element,
    say: (text) => show(text, false),
    fail: (refusal) => show(describeRefusal(refusal), true),
    clear: () => show("", false),
  };
}

/** Returns a time as its date and time of day; today's without the date. `now` is in milliseconds. */
export function formatMoment(iso, now = Date.now()) {
  const date = new Date(iso);
  const day = formatDay(date, now);
  return day === "Today" ? formatTime(date) : `${day}, ${formatTime(date)}`;
}

/**
 * Does the work once, while the control says that it waits. Returns whether it was done; a refusal is shown by the outcome.
 * `done` is what is said then.
 */
export async function perform(control, outcome, work, done = "") {
  if (control.ariaBusy === "true") return false;
  control.ariaBusy = "true";
  outcome.clear();
  try {
    await work();
    outcome.say(done);
    return true;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    outcome.fail(error);
    return false;
  } finally {
    control.ariaBusy = "false";
  }
}

/**
 * Returns a box with its label, a hint, and a line for what is wrong. `check` returns what is wrong with a text while it is
 * typed. `input` is the box; `fail` shows what is wrong, and puts the focus there.
 * @param {any} options
 */
export function createField({ label, hint = "", check = () => "", ...properties }) {
  const input = createElement("input", { id: newId(), autocomplete: "off", ...properties });
  const error = createElement("p", { id: newId(), className: "field-error", role: "alert" });
  const note = createElement("small", { id: newId(), hidden: !hint }, hint);
  input.setAttribute("aria-describedby", `${error.id} ${note.id}`);
  const mark = (text) => {
    input.ariaInvalid = text ? "true" : "false";
    error.textContent = text;
  };
  input.addEventListener("input", () => mark(input.value && check(input.value)));
  const caption = createElement("label", { htmlFor: input.id }, label);
  return {
    element: createElement("div", { className: "field" }, caption, input, error, note),
    input,
    fail(text) {
      mark(text);
      input.focus();
    },
  };
}

/** Returns a choice of one of the options `[value, text]`, with its label. `select` is the list. */
export function createChoice({ label, options, value = options[0][0], ...properties }) {
  const entries = options.map(([each, text]) => createElement("option", { value: each }, text));
  const select = createElement("select", { id: newId(), ...properties }, ...entries);
  select.value = value;
  const caption = createElement("label", { htmlFor: select.id }, label);
  return { element: createElement("div", { className: "field" }, caption, select), select };
}

/** Returns a form; `onSubmit` is called with its button. */
export function createForm(label, onSubmit, ...children) {
  const button = createElement("button", { className: "primary" }, label);
  const form = createElement("form", { method: "dialog", noValidate: true }, ...children, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit(button);
  });
  return form;
}

/**
 * Returns a button for what is severe: a click asks the question, and only `answer` does it. Escape is the answer no.
 * `onConfirm` is called with the button that waits for it.
 */
export function createConfirmedButton({ label, question, answer, onConfirm }) {
  const button = createElement("button", { className: "severe" }, label);
  const yes = createElement("button", { className: "severe primary" }, answer);
  const no = createElement("button", {}, "Cancel");
  const text = createElement("p", { id: newId() }, question);
  const confirmation = createElement("div", { className: "confirmation", role: "group", hidden: true }, text, yes, no);
  confirmation.setAttribute("aria-labelledby", text.id);
  const ask = (isAsking) => {
    confirmation.hidden = !isAsking;
    button.hidden = isAsking;
    (isAsking ? yes : button).focus();
  };
  button.addEventListener("click", () => ask(true));
  no.addEventListener("click", () => ask(false));
  yes.addEventListener("click", async () => {
    await onConfirm(yes);
    if (confirmation.isConnected) ask(false);
  });
  confirmation.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the panel stays
    ask(false);
  });
  return createElement("div", { className: "confirmed" }, button, confirmation);
}

/**
 * Shows the items in the list. An item that is as it was keeps its element; one that has gone gives its focus to the next
 * one, or to the heading of its section. `keyOf` names an item, `build` makes its children.
 */
export function renderItems(list, items, keyOf, build) {
  const known = new Map([...list.children].map((element) => [element.dataset.key, element]));
  const focused = [...list.children].findIndex((element) => element.contains(document.activeElement));
  const elements = items.map((item) => {
    const content = JSON.stringify(item);
    const former = known.get(keyOf(item));
    if (former?.dataset.content === content) return former;
    const element = createElement("li", {}, ...build(item));
    Object.assign(element.dataset, { key: keyOf(item), content });
    return element;
  });
  if (elements.length === known.size && elements.every((element, index) => element === list.children[index])) return;
  list.replaceChildren(...elements);
  if (focused < 0) return;
  const next = elements[Math.min(focused, elements.length - 1)]?.querySelector("button, select, input");
  (next ?? list.closest("section")?.querySelector("h3"))?.focus();
}
