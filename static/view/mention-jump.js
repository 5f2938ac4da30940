// The button above the conversation that leads from one unread mention to the next.
import { byId, createElement, setContent } from "./dom.js";

/** Creates the button. Returns what shows it, while there are mentions in the current room that are not read. */
export function createMentionJump(page) {
  const { chat } = page;
  const button = createElement("button", { id: "unread-mentions", className: "primary" });
  let shown = 0; // the number of the message that the button led to last
  button.addEventListener("click", () => {
    shown = nextMention(chat.room.mentioned, shown);
    page.screen.showEntry(chat.room.name, { seq: shown });
  });
  byId("conversation").append(button);

  return () => {
    const { size } = chat.room.mentioned;
    setContent(button, size && `@ ${size} unread mention${size > 1 ? "s" : ""}`);
  };
}

/**
 * Returns the number of the next mention after the one that was shown, or the first one again after the last.
 * @param {Iterable<number>} mentioned
 * @param {number} shown
 */
export function nextMention(mentioned, shown) {
  const ordered = [...mentioned].sort((a, b) => a - b);
  return ordered.find((seq) => seq > shown) ?? ordered[0];
}
