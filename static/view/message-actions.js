// What can be done to a message: the buttons, and what each of them does.
import { hasReacted } from "../client/outbox.js";
import { createButton } from "./dom.js";

const QUICK_REACTIONS = ["👍", "❤️", "😂", "🎉"];

/** The labels of the actions in the order of the bar; those of the first group stand in it as long as there is room. */
const LABELS = {
  inline: { "more-emoji": "☺", reply: "Reply", edit: "Edit", delete: "Delete" },
  menu: { "copy-text": "Copy text", "copy-link": "Copy link", pin: "Pin", report: "Report" },
};
const NAMES = { "more-emoji": "More emoji", reply: "Reply" }; // of those whose label may be a sign

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
