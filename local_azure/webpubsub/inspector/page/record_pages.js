// The entries of the service's record that the page does not have: older ones, and what a search finds in payloads and
// headers, of which the page has only the start. They come in pages, the newest first.
import { isEmptySearch, searchParameters } from "./search_query.js";
import { requestJson } from "./service_requests.js";

const WAIT_MILLISECONDS = 200; // after a key was pressed, or an entry has come
const PAGE_ENTRIES = 1000;

// `onOlder` is called with the entries directly before those that the page has, `onFound` with some that filters let
// pass, `onError` with a text. `lowestId` returns the lowest id of the entries that the page has without a gap, or null.
export function createRecordPages({ onOlder, onFound, onError, lowestId }) {
  let current = null; // { parameters, asks, before, hasMore, isLoading, controller }
  let timer = null;

  // Begins again with other filters. What a search or errors are asked for is looked for at once.
  function begin(filters) {
    current?.controller.abort();
    clearTimeout(timer);
    timer = null;
    current = {
      parameters: searchParameters(filters).toString(),
      asks: !isEmptySearch(filters.search) || filters.errorsOnly,
      before: null,
      hasMore: true,
      isLoading: false,
      controller: new AbortController(),
    };
    if (current.asks) {
      timer = setTimeout(loadNewest, WAIT_MILLISECONDS);
    }
  }

  // Looks again among the newest entries, when some have come.
  function lookAgain() {
    if (current.asks && timer === null) {
      timer = setTimeout(loadNewest, WAIT_MILLISECONDS);
    }
  }

  async function loadNewest() {
    timer = null;
    const search = current;
    const answer = await load(search, null);
    if (answer && search.before === null) {
      search.before = answer.entries[0]?.id ?? null;
      search.hasMore = answer.more;
    }
  }

  // Loads the page before the oldest entry; does nothing while one is loading, and at the start of the record.
  async function loadOlder() {
    const search = current;
    if (!search.hasMore || search.isLoading || timer !== null) {
      return;
    }
    const answer = await load(search, search.before ?? lowestId());
    if (answer) {
      // Without a filter, the page has what was loaded.
      search.before = search.parameters ? (answer.entries[0]?.id ?? search.before) : null;
      search.hasMore = answer.more;
    }
  }

  // Returns the answer; null when it failed, or is not wanted any more.
  async function load(search, before) {
    const parameters = new URLSearchParams(search.parameters);
    parameters.set("limit", String(PAGE_ENTRIES));
    if (before !== null) {
      parameters.set("before", String(before));
    }
    search.isLoading = true;
    const answer = await requestJson(`entries?${parameters}`, { signal: search.controller.signal });
    search.isLoading = false;
    if (search !== current) {
      return null;
    }
    if (answer.error) {
      search.hasMore = false;
      onError(answer.error);
      return null;
    }
    if (answer.entries.length) {
      (search.parameters ? onFound : onOlder)(answer.entries);
    }
    return answer;
  }

  return { begin, lookAgain, loadOlder };
}
