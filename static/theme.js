// Light, dark or the system's choice; a classic script, to be there before anything is drawn.
document.documentElement.style.colorScheme = localStorage["chat.theme"] ?? "";
