// The reactions of a message, as buttons that set and clear one's own. Loaded with the first message that has some.
import { countReactions, hasReacted } from "../client/outbox.js";
import { byId, createButton, createElement } from "./dom.js";
import { formatNames } from "./format.js";
import { watchButtons } from "./reaction-details.js";

const shownReactions = new WeakMap(); // by list, and by button

watchButtons(byId("log"), (button) => shownReactions.get(button));

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
