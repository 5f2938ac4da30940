// The faults: a form that writes a fault as a line of text, as on the command line, and the table of active faults.
import { createElement, elementById } from "./elements.js";

const COMMON_SCOPES = ["hub", "user", "connection"];
const STORAGE_SCOPES = ["operation", "table"];

// For each kind of fault: its scopes, and its argument with label, default value and prefix in the line of text.
const KINDS = {
  "delay webhook": { argument: { label: "Delay", value: "200ms" }, scopes: [...COMMON_SCOPES, "event"] },
  "drop webhook": { scopes: [...COMMON_SCOPES, "event"] },
  "duplicate webhook": {
    argument: { label: "Copies", value: "1", prefix: "copies=" },
    scopes: [...COMMON_SCOPES, "event"],
  },
  "reorder webhook": {
    argument: { label: "Wait at most", value: "1s", prefix: "within=" },
    scopes: [...COMMON_SCOPES, "event"],
  },
  "lose disconnected": { scopes: COMMON_SCOPES },
  "fail rest": {
    argument: { label: "Status", value: "503" },
    canBeCarriedOut: true,
    scopes: [...COMMON_SCOPES, "operation", "group"],
  },
  "slow rest": { argument: { label: "Delay", value: "200ms" }, scopes: [...COMMON_SCOPES, "operation", "group"] },
  "cut client": { argument: { label: "Close code", value: "1006" }, scopes: [...COMMON_SCOPES, "event"] },
  "expire token": { scopes: ["hub", "user"] },
  "refuse recovery": { scopes: COMMON_SCOPES },
  "delay storage": { argument: { label: "Delay", value: "200ms" }, scopes: STORAGE_SCOPES },
  "fail storage": { argument: { label: "Status", value: "503" }, canBeCarriedOut: true, scopes: STORAGE_SCOPES },
  "throttle storage": {
    argument: { label: "Retry after", value: "1s", prefix: "retry-after=" },
    scopes: STORAGE_SCOPES,
  },
  "cut storage": { canBeCarriedOut: true, scopes: STORAGE_SCOPES },
};
const NO_KIND = { scopes: [] };

// Resolves to an error message, or to an empty text when the fault was added.
export async function addFault(line) {
  const response = await sendRequest("faults", "POST", { fault: line }).catch(() => null);
  if (!response) {
    return "The service does not answer.";
  }
  return response.ok ? "" : (await response.json()).message;
}

export function createFaultView() {
  const form = elementById("fault-form");
  const fields = form.elements;
  const error = elementById("fault-error");
  let renderedText = "";

  function selectedKind() {
    return KINDS[fields.kind.value] ?? NO_KIND;
  }

  function faultLine() {
    const { argument, canBeCarriedOut, scopes } = selectedKind();
    const valueOf = (name) => fields[name].value.trim();
    const words = [fields.kind.value];
    if (argument && valueOf("argument")) {
      words.push(`${argument.prefix ?? ""}${valueOf("argument")}`);
    }
    if (canBeCarriedOut && fields.carried.checked) {
      words.push("carried-out");
    }
    for (const name of [...scopes, "count", "for"]) {
      if (valueOf(name)) {
        words.push(`${name}=${quoteForShell(valueOf(name))}`);
      }
    }
    return words.join(" ");
  }

  function renderForm() {
    const { argument, canBeCarriedOut, scopes } = selectedKind();
    const shown = new Set([...scopes, argument && "argument", canBeCarriedOut && "carried"]);
    for (const label of form.querySelectorAll("[data-field]")) {
      label.hidden = !shown.has(label.dataset.field);
    }
    elementById("fault-line").textContent = `--fault "${faultLine().replaceAll('"', '\\"')}"`;
    error.textContent = "";
  }

  function renderSelectedKind() {
    const { argument } = selectedKind();
    if (argument) {
      fields.argument.value = argument.value;
      fields.argument.previousElementSibling.textContent = argument.label;
    }
    renderForm();
  }

  // `forms` are the forms that the service accepts; their first two words are the name of a kind.
  function setForms(forms) {
    const names = forms.map((text) => text.split(" ").slice(0, 2).join(" ")).filter((name) => name in KINDS);
    if (fields.kind.options.length === names.length) {
      return;
    }
    fields.kind.replaceChildren(...names.map((name) => createElement("option", { value: name }, name)));
    renderSelectedKind();
  }

  function renderFaults(activeFaults) {
    const text = JSON.stringify(activeFaults);
    if (text === renderedText) {
      return;
    }
    renderedText = text;
    elementById("fault-rows").replaceChildren(...activeFaults.map(createRow));
    elementById("no-faults").hidden = activeFaults.length > 0;
  }

  form.addEventListener("input", ({ target }) => {
    if (target === fields.kind) {
      renderSelectedKind();
    } else {
      renderForm();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = await addFault(faultLine());
  });
  return { setForms, renderFaults };
}

function createRow({ id, text, timesTriggered, timesLeft, secondsLeft }) {
  const left = [];
  if (timesLeft !== null) {
    left.push(`${timesLeft} ${timesLeft === 1 ? "time" : "times"}`);
  }
  if (secondsLeft !== null) {
    left.push(`${secondsLeft} s`);
  }
  const removeButton = createElement(
    "button",
    { type: "button", ariaLabel: `Remove: ${text}`, onclick: () => sendRequest(`faults/${id}`, "DELETE") },
    "Remove",
  );
  return createElement(
    "tr",
    {},
    createElement("td", { className: "code" }, text),
    createElement("td", { className: "number" }, String(timesTriggered)),
    createElement("td", {}, left.join(", ")),
    createElement("td", { className: "actions" }, removeButton),
  );
}

function sendRequest(path, method, document) {
  const headers = { "Content-Type": "application/json" };
  return fetch(`inspector/${path}`, { method, headers, body: document && JSON.stringify(document) });
}

function quoteForShell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
