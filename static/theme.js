// Light, dark, or the system's choice. A classic script in the head: no page is ever drawn in the wrong theme first.
{
  const { dataset } = document.documentElement;
  const themes = ["system", "light", "dark"];
  dataset.theme = localStorage.getItem("chat.theme") ?? "system";
  const name = () => {
    for (const button of document.querySelectorAll(".theme")) button.title = button.ariaLabel = `Theme: ${dataset.theme}`;
  };
  addEventListener("DOMContentLoaded", name);
  addEventListener("click", ({ target }) => {
    if (!target.closest(".theme")) return;
    dataset.theme = themes[(themes.indexOf(dataset.theme) + 1) % 3];
    localStorage.setItem("chat.theme", dataset.theme);
    name();
  });
}
