// Which entries of a room's log are known. The log numbers its entries 1, 2, 3 … without gaps; a run is a part of it of
// which nothing is missing. `{ after: 4, last: 9 }` has the entries 5 to 9; `{ after: 0, last: 0 }` says that nothing
// precedes entry 1.
/** @import { Gap, Run } from "./types.js" */

/**
 * Returns the runs with one more, in order; runs that touch become one.
 * @param {Run[]} runs
 * @param {Run} added
 */
export function addRun(runs, { after, last }) {
  const touching = runs.filter((run) => run.last >= after && run.after <= last);
  const apart = runs.filter((run) => !touching.includes(run));
  const joined = {
    after: Math.min(after, ...touching.map((run) => run.after)),
    last: Math.max(last, ...touching.map((run) => run.last)),
  };
  return [...apart, joined].sort((a, b) => a.after - b.after);
}

/**
 * Returns the number of the last entry that is known, 0 for none.
 * @param {Run[]} runs
 */
export function lastKnown(runs) {
  return runs.at(-1)?.last ?? 0;
}

/**
 * Returns what is missing between the runs and up to the head, in order; before the first run there is no gap, but
 * history that is not loaded. What is below `first` was removed from the log: that part of a gap is a gap of its own.
 * @param {Run[]} runs
 * @param {number} head number of the log's last entry
 * @param {number} first number of the first entry that is kept
 * @returns {Gap[]}
 */
export function gapsOf(runs, head, first) {
  return runs
    .map(({ last }, index) => ({ after: last, until: runs[index + 1] ? runs[index + 1].after + 1 : head + 1 }))
    .flatMap(({ after, until }) => [
      { after, until: Math.min(until, first), isRemoved: true },
      { after: Math.max(after, first - 1), until, isRemoved: false },
    ])
    .filter((gap) => gapLength(gap) > 0);
}

/**
 * Returns how many entries are missing.
 * @param {{ after: number, until: number }} gap
 */
export function gapLength({ after, until }) {
  return until - after - 1;
}
