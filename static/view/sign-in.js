// The first screen: a name where people name themselves, a sign-in where the platform knows them.
import { backoffDelay, negotiate, requestJson } from "../client/http.js";
import { userStorage } from "../client/user-storage.js";
import { byId, isEmbedded, setContent } from "./dom.js";

const NO_ANSWER = "The chat does not answer.";
const NOT_READY = "The chat is not ready yet.";
const STORED_AFTER_MS = 4000; // then what this browser keeps is shown

/**
 * Returns the answer of `GET /session`, with the user's id as `me`; `onNameGiven` is called before it is checked. Without an
 * answer the one of the last visit is used, by the user who has not signed out since then.
 */
export async function signIn(onNameGiven) {
  const user = sessionStorage.getItem("chat.user") ?? localStorage.getItem("chat.user") ?? "";
  const kept = readSession(user);
  const session = await waitForSession(kept);
  const isOpen = session.auth === "open";
  // A tab's name counts until its user has signed out, in whichever tab.
  const tabUser = kept && sessionStorage.getItem("chat.user");
  const me = isOpen ? tabUser : session.user;
  // By the page around the frame, where people name themselves.
  const wanted = isOpen && isEmbedded() && new URLSearchParams(location.search).get("name");
  if (me && (!wanted || wanted === me)) return enter(session, me, isOpen ? me : session.name);
  setContent(byId("sign-in-hint"), sessionStorage.getItem("chat.refusal"));
  byId("sign-in").hidden = false;
  byId("name-form").hidden = !isOpen;
  byId("sign-in-link").hidden = isOpen;
  byId("sign-in-link").href = session.signIn;
  if (!isOpen && isEmbedded()) (await import("./embedded-sign-in.js")).waitForSignIn();
  const name = await askForName(session.limits.userIdLength, wanted, onNameGiven);
  return enter(session, name, name);
}

function enter(session, me, name) {
  userStorage(localStorage, me).setItem("session", JSON.stringify(session));
  localStorage.setItem("chat.user", me);
  return Object.assign(session, { me, name });
}

function readSession(user) {
  try {
    return JSON.parse(userStorage(localStorage, user).getItem("session") ?? "null");
  } catch {
    return null; // the user is asked again
  }
}

async function waitForSession(kept) {
  for (let attempt = 0; ; attempt += 1) {
    const { status = 0, ...session } = await requestJson("session", {}, kept ? STORED_AFTER_MS : undefined);
    if (session.auth) return session;
    if (kept && (status === 0 || status >= 500)) return kept;
    byId("sign-in").hidden = false;
    setContent(byId("sign-in-hint"), `${status ? NOT_READY : NO_ANSWER} Trying again…`);
    await new Promise((resolve) => setTimeout(resolve, backoffDelay(attempt)));
  }
}

// The tab keeps the name; the next tab offers it.
function askForName(maxLength, wanted, onNameGiven) {
  const field = byId("user-name");
  field.maxLength = maxLength;
  field.value = wanted || (localStorage.getItem("chat.user") ?? "");
  if (!isEmbedded()) field.focus(); // the page around the frame keeps its focus
  const whenNamed = new Promise((resolve) => {
    byId("name-form").addEventListener("submit", async () => {
      onNameGiven();
      const name = field.value.trim().normalize();
      const { url, error } = await negotiate(name);
      if (!url && (error || !readSession(name))) {
        const { describeRefusal } = await import("./words.js");
        setContent(byId("sign-in-hint"), error ? describeRefusal(error) : NO_ANSWER);
        return;
      }
      sessionStorage.removeItem("chat.refusal");
      sessionStorage.setItem("chat.user", name);
      resolve(name);
    });
  });
  if (wanted) byId("name-form").requestSubmit();
  return whenNamed;
}
