// What the buttons do, by the names of their actions.
import { orderedEntries } from "./client/messages.js";
/** @import { Chat } from "./client/chat.js" */
/** @import { Entry, Session } from "./client/types.js" */
/** @import { Composer } from "./view/composer.js" */
/** @import { Screen } from "./view/screen.js" */

const NEXT_THEME = new Map([
  ["", "light"],
  ["light", "dark"],
  ["dark", ""],
]);

/**
 * Returns what happens at a click on a button with a `data-action`.
 * @param {{ chat: Chat, session: Session, screen: Screen, composer: Composer }} page
 */
export function createActions({ chat, session, screen, composer }) {
  /** @type {Record<string, (button: HTMLButtonElement) => void>} */
  const pageActions = {
    "show-end": () => screen.showEnd(),
    "connect": connectAgain,
    "invite": invite,
    "switch-theme": switchTheme,
    "leave": leave,
  };

  /** @type {Record<string, (message: Entry, button: HTMLButtonElement) => void>} */
  const messageActions = {
    "react": ({ id, reactions }, { value: emoji }) => {
      chat.send("react", { id, emoji, on: !reactions?.[emoji]?.includes(chat.me) });
    },
    "reply": (target) => composer.begin({ kind: "reply", target }),
    "edit": (target) => composer.begin({ kind: "edit", target }),
    "delete": ({ id }, button) => deleteOnSecondClick(id, button),
    "retry": ({ id }) => chat.retry(id),
    "discard": ({ id }) => chat.discard(id),
    "show-quoted": ({ replyTo }) => {
      if (replyTo) screen.showMessage(replyTo.id);
    },
  };

  /**
   * @param {string} id
   * @param {HTMLButtonElement} button
   */
  function deleteOnSecondClick(id, button) {
    const isFirstClick = button.classList.toggle("confirming");
    if (!isFirstClick) chat.send("delete", { id });
  }

  function connectAgain() {
    if (chat.connectionState.name === "signed out") location.assign(session.signIn ?? "");
    else chat.probe();
  }

  async function invite() {
    const { room } = chat;
    const address = new URL(`#${room.name}`, location.href).href;
    const isCopied = await copyText(address);
    chat.addNotice(room, `${isCopied ? "Copied" : "Share this"}: ${address}`, "notice");
  }

  function switchTheme() {
    const { style } = document.documentElement;
    style.colorScheme = NEXT_THEME.get(style.colorScheme) ?? "";
    localStorage.setItem("chat.theme", style.colorScheme);
    screen.scheduleRender();
  }

  function leave() {
    sessionStorage.clear();
    location.assign(session.signOut ?? ".");
  }

  return {
    /** @param {HTMLButtonElement} button */
    run(button) {
      const { action = "" } = button.dataset;
      const message = chat.findMessage(button.closest(".message")?.id ?? "");
      if (message) messageActions[action]?.(message, button);
      pageActions[action]?.(button);
    },

    /** Begins to edit the user's last message in the room; returns whether there is one. */
    editLastMessage() {
      const target = orderedEntries(chat.room).findLast(({ from, deletedAt }) => from === chat.me && !deletedAt);
      if (target) composer.begin({ kind: "edit", target });
      return Boolean(target);
    },
  };
}

/**
 * Returns whether the text is in the clipboard now. There is none without a secure context, and the user may refuse.
 * @param {string} text
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
