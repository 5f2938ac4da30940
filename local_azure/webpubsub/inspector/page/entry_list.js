// The entries that the page has, and those of them that match the filters, in the order of their time.
//
// They are the newest of the service's record without a gap, and what a search has found before these.

const byTime = (a, b) => a.began - b.began || a.id - b.id;
const byId = (a, b) => a - b;

// Keeps at most `capacity` entries without a gap: those with the lowest ids are removed first. An addition costs a few
// steps for each new entry, however many there are.
export function createEntryList(capacity) {
  const entries = new Map(); // by id
  const shown = []; // sorted by time
  const ids = []; // sorted, of the entries without a gap
  const foundIds = new Set(); // of those that a search has found before these
  let matches = () => true;
  let errorCount = 0;

  const isError = (entry) => (entry?.ok === false ? 1 : 0);
  const position = (entry) => findPlace(shown, entry, byTime);

  function hide(entry) {
    const index = position(entry);
    if (shown[index]?.id === entry.id) {
      shown.splice(index, 1);
    }
  }

  function remove(id) {
    const entry = entries.get(id);
    entries.delete(id);
    errorCount -= isError(entry);
    hide(entry);
  }

  function insertId(id) {
    ids.splice(findPlace(ids, id, byId), 0, id);
  }

  function trim() {
    if (ids.length > capacity) {
      ids.splice(0, ids.length - capacity).forEach(remove);
    }
  }

  function put(entry) {
    const previous = entries.get(entry.id);
    entries.set(entry.id, entry);
    errorCount += isError(entry) - isError(previous);
    const isShown = matches(entry);
    if (previous) {
      const index = position(previous);
      if (isShown && shown[index]?.id === entry.id && byTime(previous, entry) === 0) {
        shown[index] = entry;
        return;
      }
      hide(previous);
    }
    if (isShown) {
      shown.splice(position(entry), 0, entry);
    }
  }

  return {
    shown,

    get size() {
      return entries.size;
    },

    get errorCount() {
      return errorCount;
    },

    get: (id) => entries.get(id),

    // Returns the lowest id of the entries without a gap; null when there is none.
    lowestId: () => ids[0] ?? null,

    // Adds new entries, and replaces those that have changed. One that is not new and that it does not have is kept like
    // what a search has found: there is a gap behind it.
    add(changed) {
      const lowest = ids[0] ?? Math.min(...changed.map(({ id }) => id));
      for (const entry of changed) {
        if (!entries.has(entry.id) && entry.id < lowest) {
          foundIds.add(entry.id);
        } else if (!entries.has(entry.id)) {
          insertId(entry.id);
        }
        put(entry);
      }
      trim();
    },

    // Adds the entries directly before those that it has.
    addOlder(older) {
      for (const entry of older) {
        if (!entries.has(entry.id) || foundIds.delete(entry.id)) {
          insertId(entry.id);
          put(entry);
        }
      }
      trim();
    },

    // Adds what a search has found, without what it has, and without what is newer: that will come by itself.
    addFound(found) {
      for (const entry of found) {
        if (entry.id < ids[0] && !entries.has(entry.id)) {
          foundIds.add(entry.id);
          put(entry);
        }
      }
    },

    // Removes what a search has found.
    removeFound() {
      foundIds.forEach(remove);
      foundIds.clear();
    },

    // Shows from now on what this function is true for.
    setMatcher(matcher) {
      matches = matcher;
      shown.length = 0;
      for (const entry of entries.values()) {
        if (matches(entry)) {
          shown.push(entry);
        }
      }
      shown.sort(byTime);
    },

    // Returns the index of an entry among those shown; -1 for one that is not.
    indexOf(id) {
      const entry = entries.get(id);
      const index = entry ? position(entry) : -1;
      return shown[index]?.id === id ? index : -1;
    },

    // Returns where an entry is, or would be, among those shown.
    placeOf: (entry) => position(entry),

    clear() {
      entries.clear();
      foundIds.clear();
      ids.length = 0;
      shown.length = 0;
      errorCount = 0;
    },
  };
}

// Returns the index of the first item that is not before this one.
function findPlace(sorted, item, compare) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compare(sorted[middle], item) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
