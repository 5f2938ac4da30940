// Light, dark or the system's choice. Not a module: it runs before anything is drawn.
const storedTheme = localStorage.getItem("chat.theme") ?? "";
if (["light", "dark"].includes(storedTheme)) document.documentElement.style.colorScheme = storedTheme;
