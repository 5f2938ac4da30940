// What happens before anything else is loaded. Not a module: those run after the page was parsed.

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
