// The first screen: a name where anyone names themselves, a sign-in where the platform knows who one is.
export function welcome(session, enter) {
  const screen = document.getElementById("welcome");
  const form = screen.querySelector("form");
  const { auth, user, signIn, limits } = session;
  const name = form.elements.user;
  const say = (text) => (document.getElementById("hint").textContent = text);
  const go = (who) => {
    screen.hidden = true;
    enter(who);
  };

  const known = auth === "open" ? sessionStorage.getItem("chat.user") : user;
  if (known) return go(known);
  screen.hidden = false;
  if (auth !== "open") {
    form.hidden = true;
    if (!signIn) return say(auth === undefined ? "The server did not answer. Try again in a moment." : "This server has no sign-in set up yet (ChatAuth).");
    const link = document.getElementById("sign-in");
    link.hidden = false;
    link.href = signIn;
    return;
  }
  name.maxLength = limits.userIdLength;
  name.value = localStorage.getItem("chat.user") ?? "";
  name.focus();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const who = name.value.trim();
    if (!who) return name.focus();
    localStorage.setItem("chat.user", who);
    sessionStorage.setItem("chat.user", who);
    go(who);
  });
}
