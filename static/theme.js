// Light, dark, or as the system says. A plain script in the head, so that no page is ever drawn in the wrong one.
{
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const show = (theme) => {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll(".theme")) {
      button.title = button.ariaLabel = `Theme: ${theme}`;
    }
  };
  const stored = () => localStorage.getItem("chat.theme") ?? "system";
  show(stored());
  document.addEventListener("DOMContentLoaded", () => show(stored()));
  document.addEventListener("click", ({ target }) => {
    if (!target.closest(".theme")) return;
    const next = themes[(themes.indexOf(root.dataset.theme) + 1) % 3];
    localStorage.setItem("chat.theme", next);
    show(next);
  });
}
