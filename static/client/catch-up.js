// Asking for what is not here: entries that were lost on the way or missed while the client was away, and older
// messages.
import { backoffDelay } from "./http.js";
import { gapLength, gapsOf, lastKnown } from "./log.js";
import { olderCursor } from "./room.js";
/** @import { Ask, Gap, Room } from "./types.js" */

const ORDER_MS = 300; // frames may be out of order for this time
const MARK_MS = 500; // a gap that is closed within this time is not shown
const PAGE_LENGTH = 100; // entries in an answer to `since`
const MAX_UNASKED_ENTRIES = 1000; // a longer gap is filled when the reader wants it

/**
 * Returns the question that is next, or undefined when nothing has to be asked.
 * @param {Room} room
 * @returns {{ event: string, data: object } | undefined}
 */
export function nextQuestion({ runs, head, first, isIncomplete, wanted }) {
  if (!runs.length) return isIncomplete ? { event: "history", data: {} } : undefined;
  const gaps = gapsOf(runs, head, first).filter(({ isRemoved }) => !isRemoved);
  const isAsked = (/** @type {Gap} */ gap) =>
    gap.until > head || gapLength(gap) <= MAX_UNASKED_ENTRIES || gap.after === wanted?.after;
  const gap = gaps.findLast(isAsked);
  if (!gap) return isIncomplete ? { event: "since", data: { seq: lastKnown(runs) } } : undefined;
  if (gap.until > head) return { event: "since", data: { seq: gap.after } };
  // The newest part first, unless the reader comes to the gap from above.
  const isFromStart = wanted?.isFromStart && gap.after === wanted.after;
  const seq = isFromStart ? gap.after : Math.max(gap.after, gap.until - 1 - PAGE_LENGTH);
  return { event: "since", data: { seq, until: gap.until } };
}

/**
 * Asks until nothing is missing, one question at a time for each room. A failure is tried again, later each time.
 * @param {object} options
 * @param {Ask} options.ask
 * @param {() => void} options.onChange
 */
export function createCatchUp({ ask, onChange }) {
  /** @type {Map<Room, { timers: Set<number> }>} the rooms that are asked for */
  const active = new Map();

  /** @param {Room} room */
  async function askAll(room) {
    const own = active.get(room);
    for (let attempt = 0, question = nextQuestion(room); question; question = nextQuestion(room)) {
      const before = JSON.stringify(knowledge(room));
      const isAnswered = await ask(question.event, question.data, room);
      if (active.get(room) !== own) return; // the connection was lost
      if (room.wanted) room.wanted = room.wanted.pages > 1 ? { ...room.wanted, pages: room.wanted.pages - 1 } : null;
      if (isAnswered && JSON.stringify(knowledge(room)) !== before) {
        attempt = 0;
        continue;
      }
      await new Promise((resolve) => schedule(room, resolve, backoffDelay(attempt)));
      attempt += 1;
    }
    settle(room);
  }

  /**
   * @param {Room} room
   * @param {(value?: unknown) => void} work
   * @param {number} delay
   */
  function schedule(room, work, delay) {
    const timers = active.get(room)?.timers;
    const timer = setTimeout(() => {
      timers?.delete(timer);
      work();
    }, delay);
    timers?.add(timer);
  }

  /** @param {Room} room */
  function settle(room) {
    stop(room);
    onChange();
  }

  /** @param {Room} room */
  function stop(room) {
    for (const timer of active.get(room)?.timers ?? []) clearTimeout(timer);
    active.delete(room);
    room.unmarkedAfter = null;
  }

  return {
    /**
     * Asks for what is missing, if anything is: after a moment, or at once when it cannot be on its way.
     * @param {Room} room
     * @param {boolean} [isNow]
     */
    check(room, isNow = false) {
      if (active.has(room) || room.membership !== "joined" || !nextQuestion(room)) return;
      active.set(room, { timers: new Set() });
      room.unmarkedAfter = lastContiguous(room);
      schedule(room, () => showGaps(room), MARK_MS);
      if (isNow) askAll(room);
      else schedule(room, () => askAll(room), ORDER_MS);
    },

    /**
     * Fills a long gap: this many pages of it.
     * @param {Room} room
     * @param {number} after the entry that the gap follows
     * @param {number} pages
     * @param {boolean} [isFromStart] whether its beginning is wanted first
     */
    fill(room, after, pages, isFromStart = false) {
      if (room.wanted?.after !== after || room.wanted.pages < pages) room.wanted = { after, pages, isFromStart };
      this.check(room, true);
    },

    /** Ends all questions: a new connection begins anew. */
    stop() {
      for (const room of [...active.keys()]) stop(room);
    },
  };

  /** @param {Room} room */
  function showGaps(room) {
    room.unmarkedAfter = null;
    onChange();
  }
}

/** @param {Room} room */
function knowledge({ runs, first, isIncomplete }) {
  return [runs, first, isIncomplete];
}

/**
 * Returns the entry up to which gaps are known already; those after it are new.
 * @param {Room} room
 */
function lastContiguous({ runs, head, first }) {
  const gaps = gapsOf(runs, head, first);
  const fresh = gaps.find((gap) => gap.until > head || gapLength(gap) <= MAX_UNASKED_ENTRIES);
  return fresh ? fresh.after : lastKnown(runs);
}

/**
 * Asks for older messages of a room, until there are some or it is their beginning; one question at a time.
 * @param {Room} room
 * @param {Ask} ask
 * @param {() => void} onChange
 */
export async function loadOlderMessages(room, ask, onChange) {
  if (room.isLoadingOlder) return;
  room.isLoadingOlder = true;
  const { size } = room.entries;
  let isAnswered = true;
  while (isAnswered && room.entries.size === size && olderCursor(room)) {
    room.olderBefore = olderCursor(room);
    isAnswered = await ask("history", { before: room.olderBefore }, room);
    room.olderBefore = null;
  }
  room.olderFailures = isAnswered ? 0 : room.olderFailures + 1;
  onChange();
  if (!isAnswered) await new Promise((resolve) => setTimeout(resolve, backoffDelay(room.olderFailures)));
  room.isLoadingOlder = false;
  onChange();
}
