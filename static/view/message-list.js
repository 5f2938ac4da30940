// The scrolling conversation: it follows its end, unless the reader is further up.
import { renderRow } from "./message-view.js";
/** @import { Row } from "./timeline.js" */

const END_PX = 40; // this close to the end counts as at the end
const NEAR_TOP_PX = 600;
const MAX_ANNOUNCED = 3; // more new rows at once are history, which screen readers should not read out
const QUIET_MS = 100;

/** @typedef {ReturnType<typeof createMessageList>} MessageList */

/**
 * Returns the list of messages, which is empty until `render`.
 * @param {object} options
 * @param {HTMLElement} options.log the element that scrolls
 * @param {HTMLElement} options.list its list
 * @param {HTMLElement} options.actions the buttons that are shown at the message at hand
 * @param {string} options.me
 * @param {(isNearTop: boolean) => void} options.onScroll
 */
export function createMessageList({ log, list, actions, me, onScroll }) {
  /** @type {Map<string, HTMLLIElement>} by key of the row */
  let items = new Map();
  let isFollowing = true;

  /**
   * Shows the rows. What the reader is looking at does not move, unless it is the end.
   * @param {Row[]} rows
   * @param {{ isSettling: boolean }} options whether to go to the end, or to the mark before what is unread
   */
  function render(rows, { isSettling }) {
    const anchor = firstVisibleItem();
    const anchorTop = anchor?.getBoundingClientRect().top ?? 0;
    const newRows = rows.filter(({ key }) => !items.has(key));
    log.ariaBusy = String(newRows.length > MAX_ANNOUNCED);
    placeItems(rows);
    if (isSettling) settle();
    else if (isFollowing) scrollToEnd();
    else if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - anchorTop;
    setTimeout(() => {
      log.ariaBusy = "false";
    }, QUIET_MS);
  }

  function firstVisibleItem() {
    const { top } = log.getBoundingClientRect();
    return [...list.children].find((item) => item.getBoundingClientRect().bottom > top);
  }

  /** @param {Row[]} rows */
  function placeItems(rows) {
    const previousItems = items;
    items = new Map(rows.map((row) => [row.key, renderRow(row, me, previousItems.get(row.key))]));
    for (const [key, item] of previousItems) if (!items.has(key)) item.remove();
    // Only what stands in the wrong place is moved: moving an element takes its focus and its hover.
    let next = list.firstElementChild;
    for (const item of items.values()) {
      if (item === next) next = next.nextElementSibling;
      else list.insertBefore(item, next);
    }
  }

  /** Goes to the end, or to where a long unread part begins. */
  function settle() {
    scrollToEnd();
    items.get("unread")?.scrollIntoView({ block: "nearest" });
    updateFollowing();
  }

  function scrollToEnd() {
    log.scrollTop = log.scrollHeight;
  }

  /** Finds out from the place whether the reader is at the end. */
  function updateFollowing() {
    isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
    onScroll(log.scrollTop < NEAR_TOP_PX);
  }

  /** @param {Event} event */
  function moveActions({ target }) {
    const message = target instanceof Element ? target.closest(".message") : null;
    if (!message || message === actions.parentNode) return;
    if (actions.querySelector(":focus-visible")) return; // they stay where the keyboard is
    actions.querySelector(".confirming")?.classList.remove("confirming");
    message.append(actions);
  }

  /**
   * The arrow keys go from message to message.
   * @param {KeyboardEvent} event
   */
  function moveFocus(event) {
    const messages = [...items.values()].filter((item) => item.classList.contains("message"));
    const stops = [log, ...messages];
    const current = stops.findIndex((stop) => stop === event.target);
    if (current < 0) return;
    let next;
    if (event.key === "ArrowUp") next = stops.at(current - 1); // from the log to the last message
    if (event.key === "ArrowDown") next = stops[current + 1];
    if (!next) return;
    next.focus();
    event.preventDefault();
  }

  log.addEventListener("scroll", updateFollowing);
  log.addEventListener("pointerover", moveActions);
  log.addEventListener("focusin", moveActions);
  log.addEventListener("keydown", moveFocus);
  new ResizeObserver(() => {
    if (isFollowing) scrollToEnd();
  }).observe(log);

  return {
    render,
    scrollToEnd,
    updateFollowing,
    isFollowing: () => isFollowing,
    stopFollowing() {
      isFollowing = false;
    },
  };
}
