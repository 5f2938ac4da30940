// Signing out: what this browser keeps of the user is removed, and every tab of the user is left.
import { openOutbox } from "../client/outbox.js";
import { clearUser, userStorage } from "../client/user-storage.js";
import { openRooms } from "../client/stored-history.js";
import { byId, createElement, loadStyle } from "./dom.js";

const CHANNEL = "chat.sign-out";
const MAX_ANSWER_MS = 2000;
const LOOK_AGAIN_MS = 50;

/** Signs the user out, after asking when something would be lost. */
export async function signOut(page) {
  await waitForAnswers(page.chat);
  const lost = describeLoss(page.chat.me);
  if (lost && !(await confirmLoss(lost))) return;
  new BroadcastChannel(CHANNEL).postMessage(page.chat.me);
  await leave(page);
}

/** Leaves the page when its user signs out in another tab. */
export function followSignOut(page) {
  new BroadcastChannel(CHANNEL).addEventListener("message", ({ data }) => {
    if (data === page.chat.me) leave(page);
  });
}

/** Waits until what was just sent is answered, for two seconds at most, and not at all while there is no connection. */
export async function waitForAnswers(chat) {
  const isOnItsWay = () =>
    chat.connectionState.name === "live" && chat.outbox.all().some(({ state }) => state === "pending");
  for (const end = performance.now() + MAX_ANSWER_MS; isOnItsWay() && performance.now() < end;) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_AGAIN_MS);
    });
  }
}

async function leave({ chat, session, history }) {
  byId("chat").hidden = true;
  chat.close();
  clearUser(localStorage, chat.me);
  if (localStorage.getItem("chat.user") === chat.me) localStorage.removeItem("chat.user");
  sessionStorage.clear();
  await (history ?? openRooms(chat.me)).clear();
  location.assign(session.signOut ?? ".");
}

function describeLoss(me) {
  const unsent = openOutbox(localStorage, me).all().length;
  const drafts = userStorage(localStorage, me)
    .keys()
    .filter((key) => key.startsWith("draft.")).length;
  const parts = [
    unsent &&
      (unsent === 1 ? "1 message or change that was not sent" : `${unsent} messages or changes that were not sent`),
    drafts && (drafts === 1 ? "1 unfinished message" : `${drafts} unfinished messages`),
  ];
  return parts.filter(Boolean).join(" and ");
}

async function confirmLoss(lost) {
  await loadStyle("panels/panels.css");
  const dialog = createElement(
    "dialog",
    { id: "sign-out", ariaLabel: "Sign out" },
    createElement("h2", {}, "Sign out?"),
    createElement("p", {}, `This will be lost: ${lost}.`),
    createElement(
      "form",
      { method: "dialog" },
      createElement("button", { value: "", autofocus: true }, "Stay"),
      createElement("button", { value: "lose", className: "primary" }, "Sign out and lose it"),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener("close", resolve);
  });
  dialog.remove();
  return dialog.returnValue === "lose";
}
