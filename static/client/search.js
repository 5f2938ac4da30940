// A search for messages, step by step: of several searches only the last one is shown.
/** @import { FoundFrame, MessageFrame } from "./types.js" */

const DELAY_MS = 250; // while somebody types
const PAGE_LENGTH = 20;
const MAX_STEPS = 8; // after so many steps without a full page the user decides whether to go on
const MAX_WAIT_SECONDS = 10;

/** @typedef {{ text?: string, from?: string, after?: string, before?: string, room?: string | null }} SearchFields */

/**
 * `reached`: everything later was looked at (UTC, ISO 8601), null while nothing was, and at the end of the search.
 * @typedef {object} SearchState
 * @property {"idle" | "searching" | "done" | "failed"} status
 * @property {MessageFrame[]} messages the newest first
 * @property {boolean} hasMore
 * @property {number} searched how many entries were looked at
 * @property {string | null} reached
 * @property {{ code?: string, message?: string, retryAfter?: number }} [refusal] why it failed
 */

/** @returns {SearchState} */
function emptyState() {
  return { status: "idle", messages: [], hasMore: false, searched: 0, reached: null };
}

/**
 * Returns a search. `request` asks the server, and raises a Refusal; `onChange` is called after every change.
 * @param {object} options
 * @param {(event: string, data: object) => Promise<any>} options.request
 * @param {() => void} options.onChange
 * @param {number} [options.delay] in milliseconds
 */
export function createSearch({ request, onChange, delay = DELAY_MS }) {
  let state = emptyState();
  /** @type {SearchFields} */
  let fields = {};
  /** @type {string | null} */
  let cursor = null;
  let timer = 0;
  let number = 0; // of the search whose answers count

  /** @param {Partial<SearchState>} changes */
  function change(changes) {
    state = { ...state, ...changes };
    onChange();
  }

  /**
   * Returns the answer to the next step; nothing after a failure, or when another search has begun.
   * @param {number} own
   * @returns {Promise<FoundFrame | undefined>}
   */
  async function step(own) {
    try {
      /** @type {FoundFrame | undefined} */
      const found = await request("search", { ...fields, limit: PAGE_LENGTH, ...(cursor && { cursor }) });
      if (own === number && !found) change({ status: "failed", refusal: {} });
      return own === number ? found : undefined;
    } catch (refusal) {
      const { code, message, retryAfter = MAX_WAIT_SECONDS } = /** @type {any} */ (refusal);
      if (own !== number) return undefined;
      if (code === "rate_limited" && retryAfter < MAX_WAIT_SECONDS) {
        await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
        return own === number ? step(own) : undefined;
      }
      change({ status: "failed", refusal: { code, message, retryAfter } });
      return undefined;
    }
  }

  /** @param {number} own */
  async function searchOn(own) {
    change({ status: "searching", refusal: undefined });
    const wanted = state.messages.length + PAGE_LENGTH;
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const found = await step(own);
      if (!found) return;
      ({ cursor } = found);
      const messages = [...state.messages, ...found.messages];
      const isDone = !cursor || messages.length >= wanted || steps === MAX_STEPS - 1;
      change({
        status: isDone ? "done" : "searching",
        messages,
        hasMore: Boolean(cursor),
        searched: state.searched + found.searched,
        reached: found.reached,
      });
      if (isDone) return;
    }
  }

  return {
    /** Returns what there is to show. */
    state: () => state,

    /**
     * Searches anew, after a moment in which no other search follows. Without words, sender and dates nothing is searched.
     * @param {SearchFields} wanted
     */
    search(wanted) {
      clearTimeout(timer);
      number += 1;
      const own = number;
      fields = wanted;
      cursor = null;
      state = emptyState();
      const { text, from, after, before } = wanted;
      if (!(text || from || after || before)) {
        onChange();
        return;
      }
      change({ status: "searching" });
      timer = setTimeout(() => searchOn(own), delay);
    },

    /** Goes on with older messages, or tries again after a failure. */
    async more() {
      if (state.status === "searching" || (state.status === "done" && !cursor)) return;
      await searchOn(number);
    },

    /** Ends the search: no answer counts any more. */
    stop() {
      clearTimeout(timer);
      number += 1;
    },
  };
}
