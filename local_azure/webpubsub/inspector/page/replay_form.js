// Sends a recorded event again to its handler: as it was, or edited in a form.
import { createButton, createElement, elementById } from "./elements.js";
import { formatMilliseconds } from "./formatting.js";
import { showNotice } from "./notice.js";
import { readableBody, textOf } from "./body_text.js";
import { requestJson } from "./service_requests.js";

const MASK = "***";
const HEADERS_OF_THE_SERVICE = ["host", "content-length", "connection", "accept-encoding", "ce-signature"];

// Returns what was edited: { body, headers }, without what is as it was; a header that was removed is null. `edited` is
// { body, headers: [[name, value]] }.
export function changesOf(original, edited) {
  const changes = {};
  if (edited.body !== original.body) {
    changes.body = edited.body;
  }
  const before = new Map(original.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const kept = new Set(edited.headers.map(([name]) => name.toLowerCase()));
  const removed = original.headers.filter(([name]) => !kept.has(name.toLowerCase())).map(([name]) => [name, null]);
  const given = edited.headers.filter(([name, value]) => name && before.get(name.toLowerCase()) !== value);
  const headers = [...removed, ...given];
  if (headers.length) {
    changes.headers = Object.fromEntries(headers);
  }
  return changes;
}

// Returns the headers that a person may edit: the service makes the others anew.
export function editableHeaders(headers) {
  return headers.filter(
    ([name, value]) => !HEADERS_OF_THE_SERVICE.includes(name.toLowerCase()) && !value.includes(MASK),
  );
}

// `onReplayed` is called with the id of the new entry.
export function createReplay(onReplayed) {
  const dialog = elementById("replay");
  const form = dialog.querySelector("form");
  const { body } = form.elements;
  const rows = elementById("replay-headers");
  const errorText = elementById("replay-error");
  let entryId = null;
  let original = null;

  // Resolves to an error message, or to an empty text when the event was sent.
  async function send(id, changes = {}) {
    const answer = await requestJson("replay", { method: "POST", body: JSON.stringify({ entry: id, ...changes }) });
    if (answer.error) {
      return answer.error;
    }
    const result = answer.status ?? answer.failure;
    showNotice(`Replayed: ${result} in ${formatMilliseconds(answer.milliseconds)} ms`, {
      isError: answer.status >= 400,
    });
    if (answer.entry !== null) {
      onReplayed(answer.entry);
    }
    return "";
  }

  async function replay(id) {
    const error = await send(id);
    if (error) {
      showNotice(error, { isError: true });
    }
  }

  function open({ entry }) {
    entryId = entry.id;
    const payload = entry.http?.requestBody ?? entry.content;
    const isText = !payload || (payload.form !== "hex" && !payload.truncated);
    original = {
      body: isText ? (payload?.text ?? "") : null,
      headers: editableHeaders(entry.http?.requestHeaders ?? []),
    };
    elementById("replay-title").textContent = `Send ${entry.title} again`;
    elementById("replay-target").textContent = entry.http ? `${entry.http.method} ${entry.http.url}` : "";
    body.value = original.body ?? "";
    body.disabled = !isText;
    elementById("replay-body-note").textContent = bodyNote(payload, isText);
    elementById("format-body").hidden = payload?.form !== "json" || !isText;
    rows.replaceChildren(...original.headers.map(([name, value]) => createHeaderRow(name, value)));
    errorText.textContent = "";
    dialog.showModal();
    (isText ? body : form.querySelector("input, button")).focus();
  }

  function createHeaderRow(name, value, { isNew = false } = {}) {
    const field = (ariaLabel, text) =>
      createElement("input", { ariaLabel, value: text, autocomplete: "off", spellcheck: false });
    const row = createElement(
      "div",
      { className: "header-row" },
      isNew ? field("Name of the new header", "") : createElement("span", {}, name),
      field(name || "Value of the new header", value),
      createButton("✕", () => row.remove(), { className: "small", ariaLabel: `Remove ${name || "the new header"}` }),
    );
    return row;
  }

  function editedHeaders() {
    return [...rows.children].map(({ children: [name, field] }) => [
      (name.value ?? name.textContent).trim(),
      field.value,
    ]);
  }

  function formatBody() {
    body.value = textOf(readableBody({ text: body.value, form: "json", truncated: false }).parts);
  }

  elementById("add-header").addEventListener("click", () => {
    const row = createHeaderRow("", "", { isNew: true });
    rows.append(row);
    row.firstElementChild.focus();
  });
  elementById("format-body").addEventListener("click", formatBody);
  elementById("cancel-replay").addEventListener("click", () => dialog.close());
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const edited = { body: original.body === null ? null : body.value, headers: editedHeaders() };
    const error = await send(entryId, changesOf(original, edited));
    errorText.textContent = error;
    if (!error) {
      dialog.close();
    }
  });
  return { replay, open };
}

function bodyNote(payload, isText) {
  if (isText) {
    return payload?.text.includes(MASK)
      ? `A secret is shown as ${MASK}. An edited body is sent as it stands here.`
      : "";
  }
  return payload.truncated
    ? "Only the start of the body is kept here: it cannot be edited."
    : "The body is binary: it is sent as it was.";
}
