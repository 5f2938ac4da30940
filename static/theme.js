// Light, dark or the system's choice; a classic script, to be there before anything is drawn.
{
	const { dataset } = document.documentElement;
	const show = (theme) => {
		dataset.theme = localStorage["chat.theme"] = theme;
		for (const button of document.querySelectorAll(".theme")) button.title = button.ariaLabel = `Theme: ${theme}`;
	};
	show(localStorage["chat.theme"] ?? "system");
	addEventListener("DOMContentLoaded", () => show(dataset.theme));
	addEventListener("click", ({ target }) => {
		if (target.closest(".theme")) show({ system: "light", light: "dark", dark: "system" }[dataset.theme]);
	});
}
