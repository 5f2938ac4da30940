// The first screen: a name where people name themselves, a sign-in where the platform knows them.
import { backoffDelay, fetchSession, negotiate } from "../client/http.js";
import { byId, setContent } from "./dom.js";
/** @import { Session } from "../client/types.js" */

const NO_ANSWER = "The server does not answer, or ChatAuth is not set.";
const NAME_KEY = "chat.user";

/**
 * Returns the session and the user's name, as soon as the user has one.
 * @returns {Promise<{ session: Session, me: string }>}
 */
export async function signIn() {
  const session = await waitForSession();
  const isOpen = session.auth === "open";
  const me = isOpen ? sessionStorage.getItem(NAME_KEY) : session.user;
  if (me) return { session, me };
  const link = byId("sign-in-link", HTMLAnchorElement);
  setContent(byId("sign-in-hint"), "");
  byId("sign-in").hidden = false;
  byId("name-form").hidden = !isOpen;
  link.hidden = isOpen;
  link.href = session.signIn ?? "";
  return { session, me: await askForName(session.limits.userIdLength) };
}

/**
 * Asks the server until it names a session in which somebody can connect.
 * @returns {Promise<Session>}
 */
async function waitForSession() {
  for (let attempt = 0; ; attempt += 1) {
    const session = await fetchSession();
    if (session.auth) return /** @type {Session} */ (session);
    byId("sign-in").hidden = false;
    setContent(byId("sign-in-hint"), `${NO_ANSWER} Trying again…`);
    await new Promise((resolve) => setTimeout(resolve, backoffDelay(attempt)));
  }
}

/**
 * Returns a name that the server accepts. The tab keeps it; the next tab offers it.
 * @param {number} maxLength
 * @returns {Promise<string>}
 */
function askForName(maxLength) {
  const field = byId("user-name", HTMLInputElement);
  field.maxLength = maxLength;
  field.value = localStorage.getItem(NAME_KEY) ?? "";
  field.focus();
  return new Promise((resolve) => {
    byId("name-form").addEventListener("submit", async () => {
      const name = field.value.trim().normalize();
      const { url, error } = await negotiate(name);
      if (!url) {
        setContent(byId("sign-in-hint"), error?.message ?? NO_ANSWER);
        return;
      }
      localStorage.setItem(NAME_KEY, name);
      sessionStorage.setItem(NAME_KEY, name);
      resolve(name);
    });
  });
}
