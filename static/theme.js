// Light, dark or the system's choice. Not a module: it runs before anything is drawn, so that no wrong colour flashes.
const storedTheme = localStorage.getItem("chat.theme") ?? "";
if (["light", "dark"].includes(storedTheme)) document.documentElement.style.colorScheme = storedTheme;
