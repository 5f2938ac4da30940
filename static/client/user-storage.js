// What the browser keeps for one user, apart from what it keeps for others. All of it is under `chat.user.<id>.`: drafts
// (`draft.<room>`), what is unsent (`outbox.<id>`), rooms (`places`), and what further modules keep. Outside are only the theme
// (`chat.theme`) and the name that was given last (`chat.user`).
/** @import { KeyValueStorage, UserStorage } from "./types.js" */

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

// No user's prefix begins another one's: an id has no dot in it here.
/** @param {string} user */
function prefixOf(user) {
  return `chat.user.${encodeURIComponent(user).replaceAll(".", "%2E")}.`;
}
