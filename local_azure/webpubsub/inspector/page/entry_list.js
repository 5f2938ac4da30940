// The entries that the page has, and those of them that match the filters, in the order of their time.

const byTime = (a, b) => a.began - b.began || a.id - b.id;

// Keeps at most `capacity` entries: the oldest are removed first. An addition costs a few steps for each new entry,
// however many there are.
export function createEntryList(capacity) {
  const entries = new Map(); // by id
  const shown = []; // sorted by time
  let matches = () => true;
  let errorCount = 0;

  const isError = (entry) => (entry?.ok === false ? 1 : 0);

  // Returns the index of the first shown entry that is not before this one.
  function position(entry) {
    let [low, high] = [0, shown.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (byTime(shown[middle], entry) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  function remove(entry) {
    const index = position(entry);
    if (shown[index]?.id === entry.id) {
      shown.splice(index, 1);
    }
  }

  function put(entry) {
    const previous = entries.get(entry.id);
    entries.set(entry.id, entry);
    errorCount += isError(entry) - isError(previous);
    const isShown = matches(entry);
    if (previous) {
      const index = position(previous);
      if (shown[index]?.id === entry.id) {
        if (isShown && byTime(previous, entry) === 0) {
          shown[index] = entry;
          return;
        }
        shown.splice(index, 1);
      }
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

    // Adds new entries, and replaces those that have changed.
    add(changed) {
      changed.forEach(put);
      for (const entry of entries.values()) {
        if (entries.size <= capacity) {
          break;
        }
        entries.delete(entry.id);
        errorCount -= isError(entry);
        remove(entry);
      }
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

    // Returns the lowest id of all entries, shown or not; null when there is none.
    lowestId() {
      let lowest = null;
      for (const id of entries.keys()) {
        lowest = lowest === null ? id : Math.min(lowest, id);
      }
      return lowest;
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
      errorCount = 0;
      shown.length = 0;
    },
  };
}
