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

// In a frame of another site (embed.js) there is only the room.
const isEmbedded = location.pathname.endsWith("/embed");
document.documentElement.classList.toggle("embedded", isEmbedded);

// Light, dark or the system's choice.
const asked = isEmbedded ? new URLSearchParams(location.search).get("theme") : localStorage.getItem("chat.theme");
if (["light", "dark"].includes(asked ?? "")) document.documentElement.style.colorScheme = asked ?? "";
