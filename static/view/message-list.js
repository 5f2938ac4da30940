// The scrolling conversation: it follows its end, unless the reader is further up.
import { byId } from "./dom.js";
import { renderRow } from "./timeline.js";

const END_PX = 40;
const NEAR_TOP_PX = 600;
const MAX_ANNOUNCED = 3; // more at once is history, which screen readers do not read out

/** Returns the list. `onScroll` is told whether the reader is near its top, `onGap` which gap is in view. */
export function createMessageList(chat, onScroll, onGap) {
  const log = byId("log");
  const list = byId("timeline");
  const actions = byId("message-actions");
  let items = new Map();
  let isFollowing = true;

  const topOf = (element) => element.getBoundingClientRect().top;

  function placeItems(rows) {
    const known = items;
    items = new Map(rows.map((row) => [row.key, renderRow(row, chat, known.get(row.key))]));
    for (const [key, item] of known) if (!items.has(key)) item.remove();
    // An element that moves loses its focus.
    let next = list.firstChild;
    for (const item of items.values()) {
      if (item === next) next = next.nextSibling;
      else list.insertBefore(item, next);
    }
  }

  function scrollToEnd() {
    log.scrollTop = log.scrollHeight;
  }

  const isNearTop = () => log.scrollTop < NEAR_TOP_PX;

  function isInView(element) {
    const { top, bottom } = element.getBoundingClientRect();
    const view = log.getBoundingClientRect();
    return bottom > view.top && top < view.bottom;
  }

  function updateFollowing() {
    isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
    onScroll(isNearTop());
    for (const button of list.querySelectorAll(".gap button")) if (isInView(button)) onGap(Number(button.value));
  }

  // The first item that is in view, but below a gap: the gap is filled above it.
  function findAnchor() {
    const visible = [...list.children].filter(isInView);
    return visible.find((item) => item.classList.contains("gap"))?.nextSibling ?? visible[0];
  }

  function moveActions({ target }) {
    const message = target.closest(".message");
    if (!message || message === actions.parentNode || actions.querySelector(":focus-visible")) return;
    actions.querySelector(".confirming")?.classList.remove("confirming");
    message.append(actions);
  }

  function moveFocus(event) {
    const stops = [log, ...list.querySelectorAll(".message")];
    const index = stops.indexOf(event.target);
    if (index < 0) return;
    let stop;
    if (event.key === "ArrowUp") stop = stops.at(index - 1); // from the log to the last message
    if (event.key === "ArrowDown") stop = stops[index + 1];
    if (!stop) return;
    stop.focus();
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
    // What is read stays in its place; an opened room starts at its end, or where its unread part begins.
    render(rows, isOpening) {
      const anchor = findAnchor();
      const anchorTop = anchor && topOf(anchor);
      log.ariaBusy = rows.filter(({ key }) => !items.has(key)).length > MAX_ANNOUNCED;
      placeItems(rows);
      if (isOpening) {
        scrollToEnd();
        items.get("unread")?.scrollIntoView({ block: "nearest" });
        updateFollowing();
      } else if (isFollowing) {
        scrollToEnd();
      } else if (anchor?.isConnected) {
        log.scrollTop += topOf(anchor) - anchorTop;
      }
      setTimeout(() => {
        log.ariaBusy = false;
      }, 100);
    },
    isFollowing: () => isFollowing,
    isNearTop,
    stopFollowing() {
      isFollowing = false;
    },
    updateFollowing,
    scrollToEnd,
  };
}
