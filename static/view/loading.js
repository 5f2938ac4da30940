// Modules that are loaded when they are needed.

/**
 * Returns a function that returns what `load` has loaded; the first call begins it, and `onLoaded` is called when it is there.
 * Without a connection the next call tries again.
 */
export function createLoader(load) {
  let loaded;
  let isLoading = false;

  async function begin(onLoaded) {
    isLoading = true;
    try {
      loaded = await load();
      onLoaded();
    } catch {
      isLoading = false;
    }
  }

  return (onLoaded) => {
    if (!isLoading) begin(onLoaded);
    return loaded;
  };
}

/** Returns actions by name that `load` returns: it is called when one is done. */
export function deferActions(names, load) {
  return Object.fromEntries(names.map((name) => [name, async (...parts) => (await load())[name](...parts)]));
}
