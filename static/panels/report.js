// Reporting a message to the moderators of the room.
import { createElement } from "../view/dom.js";
import { createField, createForm, createOutcome, perform } from "./controls.js";

const MAX_REASON_LENGTH = 200;
const MAX_QUOTE_LENGTH = 300;

/** Returns the panel about the message of the options. */
export function createPanel({ chat, panels, announce }, { message }) {
  const room = chat.room.name;
  const outcome = createOutcome();
  const text = message.message.slice(0, MAX_QUOTE_LENGTH);
  const author = createElement("bdi", { className: "author" }, message.from);
  const quote = createElement("blockquote", { dir: "auto" }, text);
  const reason = createField({
    label: "What is wrong with it?",
    hint: "The moderators of the room can read it, and who reported it.",
    maxLength: MAX_REASON_LENGTH,
    autofocus: true,
  });
  const form = createForm("Report", report, author, quote, reason.element, outcome.element);

  async function report(button) {
    const words = reason.input.value.trim();
    if (!words) {
      reason.fail("Say what is wrong with the message.");
      return;
    }
    const ask = () => chat.request("report", { room, id: message.id, reason: words });
    if (!(await perform(button, outcome, ask))) return;
    panels.close();
    announce("The message is reported to the moderators of the room.");
  }

  return { title: "Report a message", content: createElement("div", { className: "room-panel" }, form) };
}
