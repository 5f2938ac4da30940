// What the buttons do: those of a message, and those of the page, or of what is loaded when it is first needed.
import { hasReacted } from "../client/outbox.js";
import { byId, createButton, isEmbedded } from "./dom.js";

const QUICK_REACTIONS = ["👍", "❤️", "😂", "🎉"];
/** The labels of the actions in the order of the bar; those of the first group stand in it as long as there is room. */
const LABELS = {
  inline: { "more-emoji": "☺", reply: "Reply", edit: "Edit", delete: "Delete" },
  menu: { "copy-text": "Copy text", "copy-link": "Copy link", pin: "Pin", report: "Report" },
};
const NAMES = { "more-emoji": "More emoji", reply: "Reply" }; // of those whose label may be a sign
const NEXT_THEME = { "": "light", light: "dark", dark: "" };

/**
 * Returns the buttons of the actions that there are, `{ inline, menu }`.
 * @param {Record<string, any>} actions by name
 */
export function createActionButtons(actions) {
  const create = (labels) =>
    Object.entries(labels)
      .filter(([action]) => action in actions)
      .map(([action, label]) =>
        createButton(action, action in NAMES ? { ariaLabel: NAMES[action], title: NAMES[action] } : {}, label),
      );
  const quick = QUICK_REACTIONS.map((emoji) => createButton("react", { value: emoji }, emoji));
  return { inline: [...quick, ...create(LABELS.inline)], menu: create(LABELS.menu) };
}

/**
 * Returns the actions by name. Each gets the message and its button.
 * @param {any} chat
 * @param {any} composer
 * @param {(text: string) => void} announce
 */
export function createMessageActions(chat, composer, announce) {
  return {
    react(message, { value: emoji }) {
      const on = !hasReacted(message, emoji, chat.me);
      chat.changeMessage({ kind: "react", target: message.id, emoji, on });
    },
    reply: (target) => composer.begin({ kind: "reply", target }),
    edit: (target) => composer.begin({ kind: "edit", target }),
    delete({ id }, button) {
      const isConfirmed = !button.classList.toggle("confirming"); // by the second click
      button.textContent = isConfirmed ? "Delete" : "Delete?";
      if (isConfirmed) chat.changeMessage({ kind: "delete", target: id });
    },
    async "copy-text"({ message }) {
      await navigator.clipboard.writeText(message);
      announce("Copied");
    },
    // The button names what has failed: the message, or a change of it.
    retry: (_, { value }) => chat.retry(value),
    discard: (_, { value }) => chat.discard(value),
  };
}

/** Returns the actions by name. Each gets the message that its button belongs to, if any, and the button. */
export function createPageActions(page) {
  const { chat, screen, panels, session } = page;
  const { style } = document.documentElement;

  return {
    ...deferActions(["more-emoji", "insert-emoji"], async () => {
      return (await import("../panels/emoji.js")).createEmojiActions(page);
    }),
    ...deferActions(["report", "pin", "decline-invitation", "leave-room"], async () => {
      return (await import("./room-actions.js")).createRoomActions(page);
    }),
    "show-quoted": ({ room, replyTo }) => screen.showEntry(room, { id: replyTo.id }),
    "copy-link": async (message) => (await import("./sharing.js")).copyLink(chat, message),
    "show-person": (_, { value }) => page.openPerson(value),
    "load-gap": (_, { value }) => chat.loadGap(Number(value), Infinity),
    "show-end": screen.showEnd,
    connect() {
      const { connectionState: state } = chat;
      if (state.name !== "signed out") {
        chat.connection.probe();
        return;
      }
      // In a frame the first screen opens a window.
      if (state.user || isEmbedded()) location.reload();
      else location.assign(session.signIn);
    },
    "accept-invitation": (_, { value }) => page.acceptInvitation(value),
    reload: () => location.reload(),
    "open-panel": (_, { value }) => panels.toggle(value),
    "close-panel": panels.close,
    "switch-theme"() {
      style.colorScheme = NEXT_THEME[style.colorScheme];
      localStorage.setItem("chat.theme", style.colorScheme);
      screen.scheduleRender();
    },
    "focus-composer": () => byId("message-box").focus(),
    "sign-out": async () => (await import("./sign-out.js")).signOut(page),
  };
}

/** Returns actions by name that `load` returns: it is called when one is done. */
function deferActions(names, load) {
  return Object.fromEntries(names.map((name) => [name, async (...parts) => (await load())[name](...parts)]));
}
