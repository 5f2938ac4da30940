// Signing in from a frame: the provider's page refuses to be framed, so it opens in a window of its own, and the frame looks
// whether the browser lets it know of it.
import { requestJson } from "../client/http.js";
import { byId, createElement, setContent } from "./dom.js";

const ASK_MS = 2000;

/** Lets the link open a window, and loads the frame anew once the user is signed in. */
export function waitForSignIn() {
  const link = byId("sign-in-link");
  link.target = "_blank";
  link.addEventListener("click", beginToAsk, { once: true });
}

function beginToAsk() {
  // A browser that keeps sites apart gives the frame its cookies where the person was at the chat's own site before.
  document.requestStorageAccess?.().catch(() => {});
  setInterval(isSignedIn, ASK_MS);
  addEventListener("focus", async () => {
    if (!(await isSignedIn())) showWayOut(); // the person is back from the window
  });
}

async function isSignedIn() {
  const { user } = await requestJson("session");
  if (user) location.reload();
  return Boolean(user);
}

function showWayOut() {
  const text = "Your browser does not tell this page that you are signed in. ";
  const address = { href: `.${location.hash}`, target: "_blank", rel: "noopener" };
  setContent(byId("sign-in-hint"), text, () => [
    text,
    createElement("a", address, "Open the chat in a window of its own"),
  ]);
}
