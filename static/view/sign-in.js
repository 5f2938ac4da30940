// The first screen: a name where people name themselves, a sign-in where the platform knows them.
import { backoffDelay, negotiate, requestJson } from "../client/http.js";
import { byId, isEmbedded, setContent } from "./dom.js";

const NO_ANSWER = "The chat does not answer.";
const NOT_READY = "The chat is not ready yet.";

/** Returns the answer of `GET /session`, with the user's id as `me`; `onNameGiven` is called before it is checked. */
export async function signIn(onNameGiven) {
  const session = await waitForSession();
  const isOpen = session.auth === "open";
  const me = isOpen ? sessionStorage.getItem("chat.user") : session.user;
  const wanted = isEmbedded() && new URLSearchParams(location.search).get("name"); // by the page around the frame
  if (me && (!wanted || !isOpen || wanted === me)) {
    return Object.assign(session, { me, name: isOpen ? me : session.name });
  }
  setContent(byId("sign-in-hint"), sessionStorage.getItem("chat.refusal"));
  byId("sign-in").hidden = false;
  byId("name-form").hidden = !isOpen;
  byId("sign-in-link").hidden = isOpen;
  byId("sign-in-link").href = session.signIn;
  if (!isOpen && isEmbedded()) (await import("./embedded-sign-in.js")).waitForSignIn();
  const name = await askForName(session.limits.userIdLength, wanted, onNameGiven);
  return Object.assign(session, { me: name, name });
}

async function waitForSession() {
  for (let attempt = 0; ; attempt += 1) {
    const session = await requestJson("session");
    if (session.auth) return session;
    byId("sign-in").hidden = false;
    setContent(byId("sign-in-hint"), `${session.status ? NOT_READY : NO_ANSWER} Trying again…`);
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
      if (!url) {
        const { describeRefusal } = await import("./words.js");
        setContent(byId("sign-in-hint"), error ? describeRefusal(error) : NO_ANSWER);
        return;
      }
      localStorage.setItem("chat.user", name);
      sessionStorage.removeItem("chat.refusal");
      sessionStorage.setItem("chat.user", name);
      resolve(name);
    });
  });
  if (wanted) byId("name-form").requestSubmit();
  return whenNamed;
}
