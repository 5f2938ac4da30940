// What can be done to a message: the buttons, and what each of them does.
import { byId, createButton } from "./dom.js";
import { toggleReaction } from "./reactions.js";

const AUTHOR_ONLY = { className: "author-only" }; // admins see them too
const BUTTONS = [
  ...["👍", "❤️", "😂", "🎉"].map((emoji) => ["react", { value: emoji }, emoji]),
  ["more-emoji", { ariaLabel: "More emoji" }, "☺\ufe0e+"],
  ["reply", {}, "Reply"],
  ["edit", AUTHOR_ONLY, "Edit"],
  ["delete", AUTHOR_ONLY, "Delete"],
];

/** Creates the buttons; returns the actions by name. Each gets the message and its button. */
export function createMessageActions(chat, composer) {
  const buttons = BUTTONS.map(([action, properties, label]) => createButton(action, properties, label));
  byId("message-actions").append(...buttons);
  return {
    react: (message, { value }) => toggleReaction(chat, message, value),
    reply: (target) => composer.begin({ kind: "reply", target }),
    edit: (target) => composer.begin({ kind: "edit", target }),
    delete({ id }, button) {
      const isConfirmed = !button.classList.toggle("confirming"); // by the second click
      if (isConfirmed) chat.changeMessage({ kind: "delete", target: id });
    },
    // The button names what has failed: the message, or a change of it.
    retry: (_, { value }) => chat.retry(value),
    discard: (_, { value }) => chat.discard(value),
  };
}
