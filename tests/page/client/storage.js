// Web Storage for Node.js: like a browser's, its keys are its own properties.
const methods = {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  },
  setItem(key, value) {
    this[key] = String(value);
  },
  removeItem(key) {
    delete this[key];
  },
};

/** Returns a storage that holds these values. */
export function createStorage(values = {}) {
  return Object.assign(Object.create(methods), values);
}
