// The search in payloads and headers, which only the service has: it tells which entries contain what is asked for.
import { isEmptySearch, searchParameters } from "./search_query.js";
import { requestJson } from "./service_requests.js";

const WAIT_MILLISECONDS = 200; // after a key was pressed, or an entry has come
const PAGE_ENTRIES = 500;
const MAX_PAGES = 20;

// `onFound` is called with the entries found so far. `onEnd` is called with an error message, or an empty text.
export function createDeepSearch(onFound, onEnd) {
  let current = null; // { filters, controller, isComplete }
  let timer = null;

  function begin(filters) {
    current?.controller.abort();
    clearTimeout(timer);
    current = null;
    if (!isEmptySearch(filters.search)) {
      current = { filters, controller: new AbortController(), isComplete: false };
      timer = setTimeout(readPages, WAIT_MILLISECONDS, current, MAX_PAGES);
    }
  }

  // Looks again, among the newest entries only.
  function lookAgain() {
    if (current?.isComplete && timer === null) {
      timer = setTimeout(readPages, WAIT_MILLISECONDS, current, 1);
    }
  }

  async function readPages(search, maxPages) {
    timer = null;
    const { signal } = search.controller;
    const parameters = searchParameters({ search: search.filters.search, hub: search.filters.hub });
    parameters.set("limit", String(PAGE_ENTRIES));
    let error = "";
    for (let page = 0; page < maxPages; page += 1) {
      const answer = await requestJson(`entries?${parameters}`, { signal });
      if (search !== current) {
        return;
      }
      error = answer.error ?? "";
      if (error) {
        break;
      }
      onFound(answer.entries);
      if (!answer.more || !answer.entries.length) {
        break;
      }
      parameters.set("before", String(answer.entries[0].id));
    }
    search.isComplete = true;
    onEnd(error);
  }

  return { begin, lookAgain };
}
