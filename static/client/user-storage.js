// What the browser keeps for one user, apart from what it keeps for others. All of it is under `chat.user.<id>.`: drafts
// (`draft.<room>`), what is unsent (`outbox.<id>`), rooms (`places`), and what further modules keep. Outside are only the theme
// (`chat.theme`) and the name that was given last (`chat.user`).
/** @import { KeyValueStorage, UserStorage } from "./types.js" */

const FORMER_SHARED_KEYS = /^chat\.(rooms$|draft\.|read\.)/;

/**
 * Returns the part of a storage that belongs to a user. `setItem` returns false when the storage takes nothing more.
 * @param {KeyValueStorage} storage
 * @param {string} user
 * @returns {UserStorage}
 */
export function userStorage(storage, user) {
  const prefix = prefixOf(user);
  return {
    getItem: (key) => storage.getItem(prefix + key),
    setItem(key, value) {
      try {
        storage.setItem(prefix + key, value);
      } catch {
        storage.removeItem(prefix + key); // not the value before: it would be taken for this one
        return false;
      }
      return true;
    },
    removeItem: (key) => storage.removeItem(prefix + key),
    keys() {
      const names = Object.keys(storage).filter((name) => name.startsWith(prefix));
      return names.map((name) => name.slice(prefix.length));
    },
  };
}

/**
 * Removes everything that a storage has of a user.
 * @param {KeyValueStorage} storage
 * @param {string} user
 */
export function clearUser(storage, user) {
  const own = userStorage(storage, user);
  for (const key of own.keys()) own.removeItem(key);
}

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
    if (key || FORMER_SHARED_KEYS.test(name)) storage.removeItem(name);
  }
}

// No user's prefix begins another one's: an id has no dot in it here.
/** @param {string} user */
function prefixOf(user) {
  return `chat.user.${encodeURIComponent(user).replaceAll(".", "%2E")}.`;
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
