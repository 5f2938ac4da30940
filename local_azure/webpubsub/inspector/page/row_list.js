// The list of entries, oldest first, as rows that scroll. Only the rows in view have elements, and a change touches only
// the rows that it changes. The list follows new entries while it is scrolled to its end.
import { createElement, elementById } from "./elements.js";
import { entryDuration, entryPerson, formatTime, KIND_LABELS, resultClass, splitByMatch } from "./formatting.js";
import { isAtEnd, rowsToDraw, scrollToRow } from "./row_window.js";

const WIDE_PIXELS = 720; // a narrower list has two lines in a row
const ROW_PIXELS = { wide: 30, narrow: 52 };
const MAX_COUNTED = 999;

// `entries` is an entry list. `onOpen` is called with the id of an entry whose details are wanted, `onStart` when the
// first row is near.
export function createRowList(entries, { onOpen, onStart }) {
  const scroller = elementById("list");
  const body = elementById("rows");
  const space = elementById("row-space"); // as high as all rows together
  const latest = elementById("latest");
  const rows = new Map(); // entry id → row
  let rowHeight = ROW_PIXELS.wide;
  let selectedId = null;
  let relatedIds = new Set(); // of entries with the same cause as the selected one
  let searched = "";
  let follows = true;
  let newestSeenId = 0;
  let anchor = null; // the first row in view, { entry, offset }: it stays where it is
  let drawnCount = 0;
  let isScheduled = false;

  function readScroll() {
    const viewHeight = scroller.clientHeight - body.offsetTop;
    return { scrollTop: scroller.scrollTop, viewHeight, rowHeight, count: entries.shown.length };
  }

  function schedule() {
    if (!isScheduled) {
      isScheduled = true;
      requestAnimationFrame(draw);
    }
  }

  function draw() {
    isScheduled = false;
    if (!scroller.clientHeight) {
      return; // hidden: the observer of its size draws when it is shown again
    }
    const { shown } = entries;
    const scroll = readScroll();
    let top = scroll.scrollTop;
    const contentHeight = shown.length * rowHeight;
    follows ||= contentHeight <= scroll.viewHeight;
    if (follows) {
      top = contentHeight - scroll.viewHeight;
    } else if (anchor) {
      top = entries.placeOf(anchor.entry) * rowHeight + anchor.offset;
    }
    top = Math.max(0, Math.min(top, contentHeight - scroll.viewHeight));
    space.style.height = `${contentHeight}px`;
    if (top !== scroll.scrollTop) {
      scroller.scrollTop = top;
    }
    drawnCount = shown.length;
    const range = rowsToDraw({ ...scroll, scrollTop: top });
    drawRows(range);
    if (range.start === 0) {
      onStart();
    }
    scroller.ariaRowCount = String(shown.length + 1);
    rememberPlace({ ...scroll, scrollTop: top });
    showLatestButton();
  }

  function drawRows({ start, end }) {
    const wanted = entries.shown.slice(start, end);
    const ids = new Set(wanted.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (!ids.has(id)) {
        rows.delete(id);
        row.element.remove();
      }
    }
    let next = body.firstElementChild;
    wanted.forEach((entry, offset) => {
      const row = rows.get(entry.id) ?? createRow();
      rows.set(entry.id, row);
      row.show(entry, start + offset, searched);
      row.mark({ selected: entry.id === selectedId, related: relatedIds.has(entry.id) });
      if (row.element === next) {
        next = next.nextElementSibling;
      } else {
        body.insertBefore(row.element, next);
      }
    });
    if (rows.has(selectedId)) {
      scroller.setAttribute("aria-activedescendant", rows.get(selectedId).element.id);
    } else {
      scroller.removeAttribute("aria-activedescendant");
    }
  }

  function rememberPlace({ scrollTop }) {
    const index = Math.min(Math.floor(scrollTop / rowHeight), entries.shown.length - 1);
    anchor = index < 0 ? null : { entry: entries.shown[index], offset: scrollTop - index * rowHeight };
  }

  function showLatestButton() {
    if (follows) {
      newestSeenId = Math.max(newestSeenId, entries.shown.at(-1)?.id ?? 0);
    }
    latest.hidden = follows;
    renderLatest(latest, countNewer(entries.shown, newestSeenId));
  }

  function followEnd() {
    follows = true;
    schedule();
  }

  function onScroll() {
    if (!scroller.clientHeight) {
      return;
    }
    const scroll = { ...readScroll(), count: drawnCount };
    follows = isAtEnd(scroll);
    rememberPlace(scroll);
    schedule();
  }

  // Marks an entry, and scrolls to it if it is not in view; null marks none.
  function select(id) {
    selectedId = id;
    const index = id === null ? -1 : entries.indexOf(id);
    if (index >= 0) {
      const scroll = readScroll();
      follows = index === scroll.count - 1;
      const top = scrollToRow(index, scroll);
      space.style.height = `${scroll.count * rowHeight}px`;
      scroller.scrollTop = top;
      rememberPlace({ scrollTop: top });
    }
    schedule();
  }

  // Returns the id of the entry that is this many rows after the selected one; of the last one when none is selected.
  function idAt(step) {
    const { shown } = entries;
    const index = entries.indexOf(selectedId);
    const wanted = index < 0 ? shown.length - 1 : Math.max(0, Math.min(index + step, shown.length - 1));
    return shown[wanted]?.id ?? null;
  }

  function onResize() {
    if (!scroller.clientWidth) {
      return;
    }
    const isWide = scroller.clientWidth >= WIDE_PIXELS;
    const height = isWide ? ROW_PIXELS.wide : ROW_PIXELS.narrow;
    if (height !== rowHeight) {
      anchorSelected();
      rowHeight = height;
    }
    scroller.classList.toggle("narrow-list", !isWide);
    scroller.style.setProperty("--row-height", `${height}px`);
    draw();
  }

  // Keeps the selected row where it is when the height of the rows changes.
  function anchorSelected() {
    const index = entries.indexOf(selectedId);
    const offset = scroller.scrollTop - index * rowHeight;
    if (index >= 0 && offset <= 0 && -offset < scroller.clientHeight) {
      anchor = { entry: entries.shown[index], offset };
      follows = false;
    }
  }

  body.addEventListener("click", ({ target }) => {
    const row = target.closest("[data-entry]");
    if (row && getSelection().isCollapsed) {
      onOpen(Number(row.dataset.entry));
    }
  });
  scroller.addEventListener("scroll", onScroll, { passive: true });
  latest.addEventListener("click", followEnd);
  new ResizeObserver(onResize).observe(scroller);
  return {
    schedule,
    select,
    idAt,
    followEnd,
    firstId: () => entries.shown[0]?.id ?? null,
    lastId: () => entries.shown.at(-1)?.id ?? null,
    selectedId: () => selectedId,
    focus: () => scroller.focus({ preventScroll: true }),
    highlight(text) {
      searched = text;
      schedule();
    },
    markRelated(ids) {
      relatedIds = new Set(ids);
      schedule();
    },
    forgetSeen() {
      newestSeenId = 0;
    },
  };
}

// Returns how many entries came after this one; their ids are higher than those of all earlier ones.
function countNewer(shown, id) {
  let count = 0;
  while (count < MAX_COUNTED && shown.at(-1 - count)?.id > id) {
    count += 1;
  }
  return count;
}

function renderLatest(button, count) {
  const text = count ? `↓ ${count}${count === MAX_COUNTED ? "+" : ""} new` : "↓ Latest";
  if (button.textContent !== text) {
    button.textContent = text;
  }
}

// A row is of one entry as long as it exists: what is pressed is never another entry's.
function createRow() {
  const cell = (className) => createElement("span", { className, role: "gridcell" });
  const title = createElement("span", { className: "title" });
  const excerpt = createElement("span", { className: "excerpt" });
  const [time, kind, what] = [cell("time"), cell("kind"), cell("what")];
  const [who, result, duration] = [cell("who"), cell("result"), cell("number")];
  what.append(title, excerpt);
  const element = createElement("div", { role: "row" }, time, kind, what, who, result, duration);
  let shown = { entry: null, index: -1, searched: null };
  let marks = "";

  function fill(entry, searched) {
    element.id = `entry-${entry.id}`;
    element.dataset.entry = entry.id;
    element.className = `row ${entry.kind} ${resultClass(entry)} ${entry.imported ? "imported" : ""}`;
    marks = "";
    time.textContent = formatTime(entry.began);
    kind.textContent = KIND_LABELS[entry.kind];
    title.replaceChildren(...markedText(entry.title, searched));
    excerpt.replaceChildren(...markedText(entry.excerpt, searched));
    who.textContent = entryPerson(entry);
    result.textContent = entry.status;
    duration.textContent = entryDuration(entry);
  }

  return {
    element,
    show(entry, index, searched) {
      if (entry !== shown.entry || searched !== shown.searched) {
        fill(entry, searched);
      }
      if (index !== shown.index) {
        element.ariaRowIndex = String(index + 2); // the head is the first row
        element.style.setProperty("--row", String(index));
      }
      shown = { entry, index, searched };
    },
    mark({ selected, related }) {
      const wanted = `${selected} ${related}`;
      if (wanted !== marks) {
        marks = wanted;
        element.ariaSelected = String(selected);
        element.classList.toggle("chosen", selected);
        element.classList.toggle("related", related && !selected);
      }
    },
  };
}

function markedText(text, searched) {
  return splitByMatch(text, searched).map((part) =>
    part.isMatch ? createElement("mark", {}, part.text) : document.createTextNode(part.text),
  );
}
