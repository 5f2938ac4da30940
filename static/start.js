// What happens before anything else is loaded. Not a module: those run after the page was parsed.

// Where the browser allows no storage, what is stored lasts as long as the page.
class PageStorage {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }

  clear() {
    for (const key of Object.keys(this)) delete this[key];
  }
}

for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].getItem("");
  } catch {
    Object.defineProperty(window, name, { value: new PageStorage() });
  }
}

// The secret of a link to a private room is taken out of the address.
if (location.hash.startsWith("#join=")) {
  sessionStorage.setItem("chat.invitation", location.hash.slice("#join=".length));
  history.replaceState(null, "", location.pathname);
}

// Light, dark or the system's choice.
const storedTheme = localStorage.getItem("chat.theme") ?? "";
if (["light", "dark"].includes(storedTheme)) document.documentElement.style.colorScheme = storedTheme;
