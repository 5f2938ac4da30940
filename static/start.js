// What happens before anything else is loaded. Not a module: those run after the page was parsed.

// The secret of a link to a private room is taken out of the address.
if (location.hash.startsWith("#join=")) {
  sessionStorage.setItem("chat.invitation", location.hash.slice("#join=".length));
  history.replaceState(null, "", location.pathname);
}

// Light, dark or the system's choice.
const storedTheme = localStorage.getItem("chat.theme") ?? "";
if (["light", "dark"].includes(storedTheme)) document.documentElement.style.colorScheme = storedTheme;
