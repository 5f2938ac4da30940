// What earlier versions kept in the browser, under other keys.
import { userStorage } from "./user-storage.js";
/** @import { KeyValueStorage } from "./types.js" */

const SHARED_KEYS = /^chat\.(rooms$|draft\.|read\.)/;

/**
 * Moves what earlier versions kept for the user to the user's keys, and removes what they kept for whoever used the browser.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function moveFormerKeys(storage, user) {
  const own = userStorage(storage, user);
  const outbox = `chat.outbox.${user}.`;
  for (const name of Object.keys(storage)) {
    const value = storage.getItem(name) ?? "";
    let key = "";
    if (name === `chat.places.${user}`) key = "places";
    // The prefix of the user "a" also begins the keys of the user "a.b": the author tells them apart.
    if (name.startsWith(outbox) && isBy(value, user)) key = `outbox.${name.slice(outbox.length)}`;
    if (key && own.getItem(key) === null && !own.setItem(key, value)) continue;
    if (key || SHARED_KEYS.test(name)) storage.removeItem(name);
  }
}

/**
 * @param {string} json
 * @param {string} user
 */
function isBy(json, user) {
  try {
    return (JSON.parse(json)?.from ?? user) === user;
  } catch {
    return false;
  }
}
