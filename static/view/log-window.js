// Which entries of a long conversation have elements, and how much room the others need.

const BUFFER = 45; // entries that are drawn above and below what is in view
const MARGIN = 30; // with fewer than these the part that is drawn moves
const MAX_DRAWN = 160;
const MAX_KEPT = 400; // what is selected or has the focus stays, unless it is further away than this
const FIRST_HEIGHT_PX = 60; // of an entry, before any was measured
const ENOUGH = 50; // after so many entries were measured, their average stays

/**
 * Returns the range of entries to draw, `{ start, end }` without the end: the one that is drawn, as long as enough is
 * around what is in view, else a new one.
 * @param {{ start: number, end: number }} drawn
 * @param {{ first: number, last: number }} visible the first and the last entry in view
 * @param {number} count of all entries
 * @param {number[]} [kept] entries that are to stay, if they are near; -1 for none
 */
export function chooseRange(drawn, { first, last }, count, kept = []) {
  const around = (length) => ({ start: Math.max(0, first - length), end: Math.min(count, last + 1 + length) });
  const needed = around(MARGIN);
  const isEnough = drawn.start <= needed.start && drawn.end >= needed.end && drawn.end <= count;
  if (isEnough && drawn.end - drawn.start <= MAX_DRAWN + last - first) return drawn;
  const range = around(BUFFER);
  const near = kept.filter((index) => index >= first - MAX_KEPT && index <= Math.min(count - 1, last + MAX_KEPT));
  const indexes = near.filter((index) => index >= 0);
  return { start: Math.min(range.start, ...indexes), end: Math.max(range.end, ...indexes.map((index) => index + 1)) };
}

/** Returns the heights of entries in pixels, by id. An entry that was never measured counts as the average of the first ones. */
export function createHeights() {
  const heights = new Map();
  let total = 0;
  let fixed; // an average that changed all the time would move everything

  function average() {
    if (heights.size >= ENOUGH) fixed ??= total / heights.size;
    return fixed ?? (heights.size ? total / heights.size : FIRST_HEIGHT_PX);
  }

  const heightOf = (id) => heights.get(id) ?? average();

  return {
    /** Notes the height of an entry; one that shares the row of another one has 0. */
    note(id, height) {
      total += height - (heights.get(id) ?? 0);
      heights.set(id, height);
    },

    average,

    clear() {
      heights.clear();
      total = 0;
      fixed = undefined;
    },

    /** Returns how high the entries from `start` up to `end`, without it, are together. */
    sum(entries, start, end) {
      let height = 0;
      for (let index = start; index < end; index += 1) height += heightOf(entries[index].id);
      return height;
    },

    /** Returns the index of the entry so many pixels below the one at `start`; at most that of the last one. */
    indexAt(entries, start, height) {
      let index = start;
      for (let rest = height; index < entries.length - 1; index += 1) {
        rest -= heightOf(entries[index].id);
        if (rest < 0) break;
      }
      return index;
    },
  };
}
