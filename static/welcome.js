// The first screen: a name where people name themselves, a sign-in where the platform knows them.
export function welcome({ auth, user, signIn, limits }, negotiate, enter) {
  const [screen, form, hint, link] = ["welcome", "name-form", "hint", "sign-in"].map((id) => document.getElementById(id));
  const field = form.elements.user;
  const go = (name) => {
    screen.hidden = true;
    enter(name);
  };

  const known = auth === "open" ? sessionStorage.getItem("chat.user") : user;
  if (known) return go(known);
  screen.hidden = false;
  form.hidden = auth !== "open";
  link.hidden = !form.hidden || !signIn;
  if (signIn) link.href = signIn;
  else if (auth === null) hint.textContent = "Nobody can come in yet: the server's ChatAuth setting is missing.";
  else if (!auth) {
    hint.textContent = "The server does not answer. Trying again…";
    setTimeout(() => location.reload(), 4000);
  }
  field.maxLength = limits.userIdLength;
  field.value = localStorage.getItem("chat.user") ?? "";
  field.focus();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = field.value.trim().normalize();
    try {
      await negotiate(name);
      for (const storage of [localStorage, sessionStorage]) storage.setItem("chat.user", name);
      go(name);
    } catch ({ status, message }) {
      hint.textContent = status ? message : "The server does not answer. Try again.";
      field.focus();
    }
  });
}
