// The part of a conversation that has elements. Margins stand for what is above and below it: as high as its entries were
// when they had elements, or are likely to be.
import { chooseRange, createHeights } from "./log-window.js";
import { renderRow } from "./timeline.js";

const MIN_MARGIN_PX = 1000; // a smaller margin above may be too small for what it stands for
const ITEM = "#timeline > li";

const topOf = (element) => element.getBoundingClientRect().top;
const itemOf = (node) => (node instanceof Element ? node : node?.parentElement)?.closest(ITEM);

/**
 * What a conversation has: all entries, the rows of a part of them (see timelineRows), and the index of the first unread one
 * (-1: there is none).
 * @typedef {{ entries: { id: string }[], rowsOf: (start: number, end: number) => any[], unreadIndex: number }} Content
 */

/**
 * Returns what draws the conversation into `list`, which scrolls in `log`.
 * @param {any} chat
 * @param {any} log
 * @param {any} list
 */
export function createDrawnPart(chat, log, list) {
  const heights = createHeights();
  const entryIds = new WeakMap(); // by element
  /** @type {Map<string, any>} elements by the keys of their rows */
  let items = new Map();
  /** @type {{ id: string, element: HTMLElement }[]} entries that have elements, each with its first one */
  let drawn = [];
  /** @type {Content} */
  let content = { entries: [], rowsOf: () => [], unreadIndex: -1 };
  let range = { start: 0, end: 0 };
  let margin = 0; // above what is drawn, in pixels
  let estimate = 0; // what the margin should be by the known heights

  const indexOf = (id) => content.entries.findLastIndex((entry) => entry.id === id);

  /** Returns the element of an entry, or undefined when it is not drawn. */
  function elementOf(index) {
    return drawn.find(({ id }) => id === content.entries[index]?.id)?.element;
  }

  // The first and the last entry in view. Where nothing is drawn, the heights tell.
  function findVisible() {
    const { top, bottom } = log.getBoundingClientRect();
    const shown = list.getBoundingClientRect();
    if (shown.top > bottom) {
      const above = heights.sum(content.entries, 0, range.start);
      return estimateVisible(heights.indexAt(content.entries, 0, (above * log.scrollTop) / margin));
    }
    if (shown.bottom < top) return estimateVisible(heights.indexAt(content.entries, range.end, top - shown.bottom));
    return { first: knownIndex(countAbove(top) - 1, 1), last: knownIndex(countAbove(bottom) - 1, -1), isDrawn: true };
  }

  function estimateVisible(first) {
    return { first, last: heights.indexAt(content.entries, first, log.clientHeight), isDrawn: false };
  }

  // How many of the drawn entries begin above this place of the window.
  function countAbove(place) {
    let [low, high] = [0, drawn.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (topOf(drawn[middle].element) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The index of this drawn entry, or of the next one that is still there.
  function knownIndex(place, step) {
    let index = -1;
    for (let at = Math.max(0, place); index < 0 && drawn[at]; at += step) index = indexOf(drawn[at].id);
    return index < 0 ? range.start : index;
  }

  // What has the focus or is selected keeps its elements when the reader goes on.
  function keptIndexes() {
    const { isCollapsed = true, anchorNode, focusNode } = getSelection() ?? {};
    const nodes = isCollapsed ? [] : [anchorNode, focusNode];
    const ids = [document.activeElement, ...nodes].map((node) => entryIds.get(itemOf(node)));
    return ids.filter(Boolean).map(indexOf);
  }

  const rangeAround = (visible) => chooseRange(range, visible, content.entries.length, keptIndexes());

  function draw(next) {
    const { entries } = content;
    if (next.start !== range.start || next.end !== range.end) measure();
    range = next;
    const hadFocus = list.contains(document.activeElement);
    placeItems(content.rowsOf(range.start, range.end));
    if (hadFocus && !list.contains(document.activeElement)) log.focus({ preventScroll: true });
    const height = heights.sum(entries, 0, range.start);
    setMargin(range.start ? Math.max(0, margin + height - estimate) : 0);
    estimate = height;
    list.style.marginBottom = `${heights.sum(entries, range.end, entries.length)}px`;
  }

  function measure() {
    const tops = drawn.map(({ element }) => topOf(element));
    for (const [index, { id }] of drawn.slice(0, -1).entries()) heights.note(id, tops[index + 1] - tops[index]);
  }

  function placeItems(rows) {
    const known = items;
    items = new Map(rows.map((row) => [row.key, renderRow(row, chat, known.get(row.key))]));
    for (const [key, item] of known) if (!items.has(key)) item.remove();
    // An element that moves loses its focus.
    let next = list.firstChild;
    for (const item of items.values()) {
      if (item === next) next = next.nextSibling;
      else list.insertBefore(item, next);
    }
    // The log is one tab stop: the keys lead to what is in a message, see log-controls.js.
    for (const control of list.querySelectorAll(":is(a, button):not([tabindex])")) control.tabIndex = -1;
    drawn = [];
    for (const { key, index } of rows) {
      const id = content.entries[index]?.id;
      const element = items.get(key);
      entryIds.set(element, id);
      if (id && drawn.at(-1)?.id !== id) drawn.push({ id, element });
    }
  }

  function setMargin(height) {
    margin = height;
    list.style.marginTop = `${height}px`;
  }

  // The margin takes what has become higher or lower above; only where it cannot, the log is scrolled.
  function hold(anchors) {
    const anchor = anchors.find(({ element }) => element?.isConnected);
    if (!anchor) return;
    const held = margin - (topOf(anchor.element) - anchor.top);
    const isPlausible = range.start > 0 && held > MIN_MARGIN_PX && Math.abs(held - estimate) < estimate / 2;
    setMargin(isPlausible ? held : estimate);
    if (!isPlausible) log.scrollTop += topOf(anchor.element) - anchor.top;
  }

  /** Returns whether an element is in the lower half of the view: who reads on comes to it from above. */
  function isLow(element) {
    const { top, bottom } = log.getBoundingClientRect();
    return topOf(element) > (top + bottom) / 2;
  }

  return {
    elementOf,

    /** Returns the element of the row with this key, if it is drawn. */
    item: (key) => items.get(key),

    /** Returns whether nothing is left out above. */
    hasStart: () => range.start === 0,

    /** Returns whether nothing is left out below. */
    hasEnd: () => range.end === content.entries.length,

    /** Forgets the heights: they are those of another conversation or width. */
    forgetHeights: heights.clear,

    /** Takes over the conversation as it is now; it is to be drawn after that. */
    update(next) {
      const hadEnd = range.end === content.entries.length;
      const { start, end } = range;
      const { id } = content.entries[start] ?? {};
      const count = next.entries.length;
      content = next;
      const found = next.entries[start]?.id === id ? start : indexOf(id);
      const moved = found < 0 ? Math.min(start, count) : found;
      range = { start: moved, end: hadEnd ? count : Math.min(count, end + moved - start) };
    },

    isLow,

    /**
     * Returns what is in view, and where. First comes what is below a gap, which is filled above it; or what is above the
     * gap, where the reader comes to it from there.
     */
    findAnchors() {
      const view = log.getBoundingClientRect();
      const visible = [...list.children].filter((item) => {
        const { top, bottom } = item.getBoundingClientRect();
        return bottom > view.top && top < view.bottom;
      });
      const gap = visible.findIndex((item) => item.classList.contains("gap"));
      const below =
        gap >= 0 && isLow(visible[gap]) ? [] : [...visible.slice(gap + 1), visible[gap]?.nextElementSibling];
      const ordered = [...below, ...visible].filter(Boolean);
      return ordered.map((element) => ({ element, top: topOf(element) }));
    },

    /** Draws what is in view, in the place where it was. */
    drawVisible(anchors) {
      const visible = findVisible();
      draw(rangeAround(visible));
      hold(visible.isDrawn ? anchors : [{ element: elementOf(visible.first), top: topOf(log) }]);
    },

    /** Draws what is in view, if it is not drawn; returns whether it was not. */
    moveToView() {
      const visible = findVisible();
      const next = rangeAround(visible);
      if (next.start === range.start && next.end === range.end) return false;
      this.drawVisible(visible.isDrawn ? this.findAnchors() : []);
      return true;
    },

    /** Draws the end. */
    drawEnd() {
      const last = Math.max(0, content.entries.length - 1);
      const first = Math.max(0, last - Math.ceil(log.clientHeight / heights.average()));
      draw(rangeAround({ first, last }));
    },

    /** Draws the entry and what is around it, and returns its element. */
    drawEntry(index) {
      draw(rangeAround({ first: index, last: index }));
      return elementOf(index);
    },
  };
}
