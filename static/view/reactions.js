// The reactions of a message, as buttons that set and clear one's own.
import { countReactions, hasReacted } from "../client/outbox.js";
import { createButton, createElement } from "./dom.js";
import { formatNames } from "./format.js";

const EVENTS = ["pointerover", "pointerout", "pointerdown", "pointerup", "focusin", "focusout"];

const shownReactions = new WeakMap(); // by list, and by button

/** Shows the reactions of an entry in the list. */
export function renderReactions(list, entry, chat) {
  const { reactions = {}, pendingEmojis = [] } = entry;
  const shown = Object.entries(countReactions(entry))
    .filter(([, count]) => count)
    .map(([emoji, count]) => {
      const isChosen = hasReacted(entry, emoji, chat.me);
      const others = (reactions[emoji] ?? []).filter((user) => user !== chat.me).map((user) => chat.nameOf(user));
      return { emoji, count, others, isChosen, isPending: pendingEmojis.includes(emoji) };
    });
  const content = shown.length ? JSON.stringify(shown) : "";
  if (content === (shownReactions.get(list) ?? "")) return;
  shownReactions.set(list, content);
  list.hidden = !shown.length;
  placeItems(list, shown);
}

/** Sets the user's reaction to a message, or clears it. */
export function toggleReaction(chat, message, emoji) {
  chat.changeMessage({ kind: "react", target: message.id, emoji, on: !hasReacted(message, emoji, chat.me) });
}

/** Returns the actions that open the choice of all emoji, by name. `storage` keeps recent ones. */
export function createEmojiActions(chat, composer, storage) {
  const choose = async (button, onPick) => {
    try {
      const { openEmojiPicker } = await import("../panels/emoji.js");
      await openEmojiPicker(button, storage, onPick);
    } catch {
      chat.addNotice(chat.room, "The emoji could not be loaded. Try again when you are connected.", "error");
    }
  };
  return {
    "more-emoji": (message, button) => choose(button, (emoji) => toggleReaction(chat, message, emoji)),
    "insert-emoji": (_, button) => choose(button, composer.insert),
  };
}

/** Shows who has reacted, to the pointer, to a finger that stays and to the keyboard: by a module that is loaded then. */
export function watchReactions(log) {
  let latest; // what has happened since the module is being loaded
  async function watch(event) {
    if (!event.target.closest(".reactions")) return;
    const isFirst = !latest;
    latest = event;
    if (!isFirst) return;
    const { watchButtons } = await import("./reaction-details.js");
    for (const type of EVENTS) log.removeEventListener(type, watch);
    watchButtons(log, (button) => shownReactions.get(button), latest);
  }
  for (const type of EVENTS) log.addEventListener(type, watch);
}

// A button keeps its element, and so its focus.
function placeItems(list, shown) {
  const known = new Map([...list.children].map((item) => [item.firstChild.value, item]));
  const emojis = new Set(shown.map(({ emoji }) => emoji));
  for (const [emoji, item] of known) if (!emojis.has(emoji)) item.remove();
  let next = list.firstChild;
  for (const reaction of shown) {
    const item = known.get(reaction.emoji) ?? createElement("li", {}, createButton("react", { value: reaction.emoji }));
    renderButton(item.firstChild, reaction);
    if (item === next) next = next.nextSibling;
    else list.insertBefore(item, next);
  }
}

function renderButton(button, reaction) {
  const { emoji, count, others, isChosen, isPending } = reaction;
  const names = formatNames(isChosen ? ["you", ...others] : others, count);
  shownReactions.set(button, reaction);
  button.textContent = `${emoji} ${count}`;
  button.ariaLabel = `${emoji} ${count}: ${names}${isPending ? " (sending)" : ""}`;
  button.ariaPressed = isChosen;
  button.className = isPending ? "sending" : "";
}
