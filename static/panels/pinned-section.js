// The messages that are pinned in the room.
import { canModerate } from "../client/members.js";
import { createElement } from "../view/dom.js";
import { createOutcome, createSection, perform, renderItems } from "./controls.js";

const MAX_LENGTH = 160;

/** Returns a button with what a message says; a click shows the message in the conversation. */
export function createQuote({ screen }, room, { id, from = "", text }) {
  const author = from ? createElement("bdi", { className: "author" }, from) : "";
  const quote = createElement("button", { className: "quote" }, author, createElement("span", { dir: "auto" }, text));
  quote.addEventListener("click", () => {
    if (screen.showEntry) screen.showEntry(room.name, { id });
    else screen.showMessage(id);
  });
  return quote;
}

/** Returns the section of the room's panel: its `element`, and `update`. */
export function createPinnedSection(page, room) {
  const { chat } = page;
  const list = createElement("ul", { className: "pinned-messages" });
  const outcome = createOutcome();
  const section = createSection("Pinned messages", list, outcome.element);
  const older = new Map(); // messages that are older than what is loaded, by id; null: asked for, or gone

  function describe(id) {
    const { from, message, deletedAt } = room.entries.get(id) ?? older.get(id) ?? {};
    const text = deletedAt ? "Message deleted" : message;
    return { id, from, text: text ?? "An older message", canUnpin: canModerate(room) };
  }

  async function loadOlder(ids) {
    const missing = ids.filter((id) => !room.entries.has(id) && !older.has(id));
    for (const id of missing) older.set(id, null);
    for (const id of missing) {
      const ask = chat.request("around", { room: room.name, id, limit: 1 }, { isApart: true });
      const answer = await ask.catch(() => undefined); // then it is shown without its text
      older.set(id, answer?.messages.find((message) => message.id === id) ?? null);
      show();
    }
  }

  function show() {
    const ids = [...room.rules.pinned].reverse();
    section.hidden = !ids.length;
    renderItems(list, ids.map(describe), ({ id }) => id, build);
    return ids;
  }

  function build({ id, from, text, canUnpin }) {
    const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
    const jump = createQuote(page, room, { id, from, text: shown });
    if (!canUnpin) return [jump];
    const unpin = createElement("button", { ariaLabel: `Unpin ${shown}` }, "Unpin");
    const ask = () => chat.request("unpin", { room: room.name, id });
    unpin.addEventListener("click", () => perform(unpin, outcome, ask, "Unpinned."));
    return [jump, unpin];
  }

  return {
    element: section,
    update() {
      loadOlder(show());
    },
  };
}
