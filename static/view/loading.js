// Modules and style sheets that are loaded when they are needed.
import { createElement } from "./dom.js";

const styles = new Map(); // by address

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

/** Loads a style sheet, once; it is in force when the promise is resolved, unless it could not be loaded. */
export function loadStyle(href) {
  if (!styles.has(href)) styles.set(href, new Promise((resolve) => addStyle(href, resolve)));
  return styles.get(href);
}

function addStyle(href, onDone) {
  document.head.append(createElement("link", { rel: "stylesheet", href, onload: onDone, onerror: onDone }));
}
