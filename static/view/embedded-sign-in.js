// Signing in from a frame: the provider's page refuses to be framed, so it opens in a window of its own, and the frame looks
// whether the browser lets it know of it.
import { requestJson } from "../client/http.js";
import { byId, createElement, setContent } from "./dom.js";

const ASK_MS = 2000;
const HINT_MS = 20_000; // from the click; who needs longer is signed in all the same

/** Lets the link open a window, and loads the frame anew once the user is signed in. */
export function waitForSignIn() {
  const link = byId("sign-in-link");
  link.target = "_blank";
  link.addEventListener("click", () => {
    const clickedAt = Date.now();
    // A browser that keeps sites apart gives the frame its cookies where the person was at the chat's own site before.
    document.requestStorageAccess?.().catch(() => {});
    const timer = setInterval(async () => {
      const { user } = await requestJson("session");
      if (user) {
        clearInterval(timer);
        location.reload();
      } else if (Date.now() - clickedAt > HINT_MS) {
        showWayOut();
      }
    }, ASK_MS);
  });
}

function showWayOut() {
  const text = "Your browser does not tell this page that you are signed in. ";
  const address = { href: `.${location.hash}`, target: "_blank", rel: "noopener" };
  setContent(byId("sign-in-hint"), text, () => [
    text,
    createElement("a", address, "Open the chat in a window of its own"),
  ]);
}
