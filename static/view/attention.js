// What happens while the page is not looked at: the icon of the tab and the badge of the installed app count unread messages,
// notifications tell of new ones, and the others see that the user is away. Loaded a moment after the page.
import { countAllUnread } from "../client/unread.js";
import { createAway } from "./away.js";
import { createMentionJump } from "./mention-jump.js";
import { createNotifications } from "./notifications.js";

const MAX_SHOWN = 99;

/**
 * Returns the address of an icon with a number: mentions if there are some, else unread messages.
 * @param {{ unread: number, mentions: number }} count at least one of both is not 0
 */
export function iconWithCount({ unread, mentions }) {
  const number = mentions || unread;
  const text = number > MAX_SHOWN ? `${MAX_SHOWN}+` : String(number);
  const size = [44, 40, 32][text.length - 1];
  const colour = mentions ? "#ad261c" : "#0c6b5a";
  const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="18" fill="${colour}"/>\
<text x="32" y="34" dominant-baseline="central" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${size}" \
fill="#fff">${text}</text></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(image)}`;
}

/** Begins all this. Returns what is to be called after every change. */
export function createAttention(page) {
  const { chat } = page;
  const icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
  const plainIcon = icon.href;
  const updateAway = createAway(chat);
  const updateJump = createMentionJump(page);
  let shown = "";
  createNotifications(page);
  update();
  return update;

  function update() {
    updateAway();
    updateJump();
    const count = countAllUnread(chat.rooms.values());
    const mark = `${count.mentions} ${count.unread}`;
    if (mark === shown) return;
    shown = mark;
    const number = Math.max(count.unread, count.mentions);
    icon.href = number ? iconWithCount(count) : plainIcon;
    setBadge(number);
  }
}

// Only an installed app has a badge, and not in every browser.
async function setBadge(number) {
  try {
    if (number) await navigator.setAppBadge?.(number);
    else await navigator.clearAppBadge?.();
  } catch {
    // The badge is not allowed here: the title tells it.
  }
}
