// The list of entries, oldest first. It scrolls to new entries while it is scrolled to its end.
import {
  connectionName,
  createElement,
  elementById,
  formatMilliseconds,
  formatTime,
  kindLabel,
  resultClass,
} from "./elements.js";

const MAX_ROWS = 600;
const MAX_NAMES = 3;
const KINDS_WITH_DURATION = ["webhook", "rest", "storage"];
const END_TOLERANCE_PIXELS = 40;

// `onOpen` is called with the id of an entry whose details are wanted.
export function createFlow(onOpen) {
  const body = elementById("rows");
  const scroller = body.closest(".scroll");
  const rows = new Map(); // entry id → { element, text }
  let chosenId = null;

  // `total` is the number of entries before they were filtered.
  function render(entries, total) {
    const wasAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < END_TOLERANCE_PIXELS;
    const shown = entries.sort((a, b) => a.began - b.began || a.id - b.id).slice(-MAX_ROWS);
    removeRowsExcept(new Set(shown.map(({ id }) => id)));
    let next = body.firstElementChild;
    for (const entry of shown) {
      const previous = rows.get(entry.id)?.element;
      const element = updatedRow(entry);
      if (previous === next && previous !== undefined) {
        next = element;
      }
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        body.insertBefore(element, next);
      }
    }
    renderEmptyNotice(shown.length, total);
    if (wasAtEnd) {
      scroller.scrollTop = scroller.scrollHeight;
    }
  }

  function removeRowsExcept(ids) {
    for (const [id, { element }] of rows) {
      if (!ids.has(id)) {
        element.remove();
        rows.delete(id);
      }
    }
  }

  // Returns the row of an entry; a row whose entry has changed is replaced where it is.
  function updatedRow(entry) {
    const text = JSON.stringify(entry);
    const row = rows.get(entry.id);
    if (row?.text === text) {
      return row.element;
    }
    const element = createRow(entry, onOpen);
    element.classList.toggle("chosen", entry.id === chosenId);
    row?.element.replaceWith(element);
    rows.set(entry.id, { element, text });
    return element;
  }

  // Marks the entry whose details are shown; null marks none. Returns the row that was marked before.
  function choose(id) {
    const previous = rows.get(chosenId)?.element;
    previous?.classList.remove("chosen");
    chosenId = id;
    rows.get(id)?.element.classList.add("chosen");
    return previous;
  }

  return { render, choose };
}

function renderEmptyNotice(shownCount, total) {
  const notice = elementById("nothing");
  notice.hidden = shownCount > 0;
  notice.textContent = total
    ? "No entry matches the filters."
    : "Nothing has happened yet. Connect a client, and its frames and events are listed here.";
}

function createRow(entry, onOpen) {
  const who = entry.connection ? connectionName(entry.connection, entry.user) : (entry.user ?? receiverNames(entry));
  const hasDuration = KINDS_WITH_DURATION.includes(entry.kind);
  const button = createElement(
    "button",
    { type: "button", className: "link", onclick: () => onOpen(entry.id) },
    entry.title,
  );
  const row = createElement(
    "tr",
    { className: `${entry.kind} ${resultClass(entry)}` },
    createElement("td", { className: "time" }, formatTime(entry.began)),
    createElement("td", { className: "wide" }, kindLabel(entry.kind)),
    createElement(
      "td",
      { className: "what" },
      button,
      createElement("span", { className: "narrow who" }, who),
      createElement("span", { className: "excerpt" }, entry.excerpt),
    ),
    createElement("td", { className: "wide who" }, createElement("bdi", {}, who)),
    createElement("td", { className: "result" }, entry.status),
    createElement("td", { className: "wide number" }, hasDuration ? formatMilliseconds(entry.ms) : ""),
  );
  row.dataset.entry = entry.id;
  row.addEventListener("click", ({ target }) => {
    if (target !== button) {
      onOpen(entry.id);
    }
  });
  return row;
}

function receiverNames({ receivers, receiverCount }) {
  const names = [...new Set(receivers.map(([connection, user]) => connectionName(connection, user)))];
  const hasMore = names.length > MAX_NAMES || receiverCount > receivers.length;
  return names.slice(0, MAX_NAMES).join(", ") + (hasMore ? " …" : "");
}
