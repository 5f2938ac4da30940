// The scrolling conversation. It follows its end, unless the reader is further up or selects text. What is in view
// keeps its place whatever changes above it. What handles the other events of the conversation is loaded when the first
// one comes.
import { byId } from "./dom.js";
import { createDrawnPart } from "./drawn-part.js";

const END_PX = 40;
const NEAR_TOP_PX = 600;
const EVENTS = ["keydown", "focusin", "focusout", "pointerdown", "pointerover", "pointerleave", "click"];
const MOVES = ["ArrowUp", "ArrowDown", "Home", "End"];
const PAGES = ["PageUp", "PageDown"];

/**
 * Returns the list. `onMove` is called when the reader is near its beginning, comes to its end or leaves it; `onGap` with
 * the number that a gap follows, when the gap is in view, and whether the reader comes to it from above.
 * @param {any} chat
 * @param {{ onMove: () => void, onGap: (after: number, isFromAbove: boolean) => void }} handlers
 */
export function createMessageList(chat, { onMove, onGap }) {
  const log = byId("log");
  const list = byId("timeline");
  const part = createDrawnPart(chat, log, list);
  /** @type {import("./drawn-part.js").Content} */
  let content = { entries: [], rowsOf: () => [], unreadIndex: -1 };
  let isFollowing = true;
  let isAtEnd = true;
  let isSelecting = false;
  let width = 0;

  function updateFollowing() {
    isAtEnd = part.hasEnd() && log.scrollHeight - log.scrollTop - log.clientHeight < END_PX;
    isFollowing = isAtEnd && !isSelecting;
  }

  const isNearTop = () => part.hasStart() && log.scrollTop < NEAR_TOP_PX;

  function isInView(element) {
    const { top, bottom } = element.getBoundingClientRect();
    const view = log.getBoundingClientRect();
    return bottom > view.top && top < view.bottom;
  }

  function onScroll() {
    const wasAtEnd = isAtEnd;
    part.moveToView();
    updateFollowing();
    if (wasAtEnd !== isAtEnd || isNearTop()) onMove();
    for (const button of list.querySelectorAll(".gap button")) {
      if (isInView(button)) onGap(Number(button.value), part.isLow(button));
    }
  }

  function onSelection() {
    const { isCollapsed = true, anchorNode = null } = getSelection() ?? {};
    const wasSelecting = isSelecting;
    isSelecting = !isCollapsed && list.contains(anchorNode);
    if (wasSelecting === isSelecting) return;
    updateFollowing();
    onMove();
  }

  function onResize() {
    if (width !== log.clientWidth) part.forgetHeights();
    width = log.clientWidth;
    if (isFollowing) log.scrollTop = log.scrollHeight;
  }

  function showEnd() {
    isFollowing = true;
    part.drawEnd();
    log.scrollTop = log.scrollHeight;
  }

  // At its end, or where its unread part begins: a third down, so that what was said before stands above it.
  function open() {
    part.forgetHeights();
    showEnd();
    if (content.unreadIndex >= 0) {
      part.drawEntry(content.unreadIndex);
      place(part.item("unread"), "third");
    }
    updateFollowing();
  }

  function place(element, block) {
    const view = log.getBoundingClientRect();
    const { top, bottom, height } = element.getBoundingClientRect();
    if (block === "third") log.scrollTop += top - view.top - view.height / 3;
    else if (top < view.top || bottom > view.bottom) {
      log.scrollTop += top - view.top - Math.max(0, view.height - height) / 2;
    }
    updateFollowing();
  }

  log.addEventListener("scroll", onScroll);
  document.addEventListener("selectionchange", onSelection);
  const observer = new ResizeObserver(onResize);
  observer.observe(log);
  observer.observe(list); // what is drawn may grow by itself

  return {
    /** Shows the conversation as it is now: an opened one at its end or where it is unread, else what was in view. */
    render(next, isOpening) {
      const isMoved = isOpening || isFollowing;
      const anchors = isMoved ? [] : part.findAnchors();
      content = next;
      part.update(content);
      if (isOpening) open();
      else if (isMoved) showEnd();
      else {
        part.drawVisible(anchors);
        updateFollowing();
      }
    },

    /**
     * Shows an entry, and returns its element, or undefined without such an entry. `block`: where it stands, in the "center"
     * unless it is in view, or a "third" down.
     * @param {string} id
     * @param {{ block?: "center" | "third" }} [options]
     */
    showRow(id, { block = "center" } = {}) {
      const index = content.entries.findIndex((entry) => entry.id === id);
      if (index < 0) return undefined;
      const element = part.elementOf(index) ?? part.drawEntry(index);
      if (element) place(byId(id) ?? element, block);
      return element && (byId(id) ?? element);
    },

    /** Returns whether the end is kept in view. */
    isFollowing: () => isFollowing,

    /** Returns whether the end is in view. */
    isAtEnd: () => isAtEnd,

    /** Returns whether the beginning of what is loaded is near. */
    isNearTop,

    showEnd,
  };
}

/** Handles the events of the log, see log-controls.js. */
export function listenToLog(chat, messageList, actions) {
  const log = byId("log");
  let controls;

  async function handle(event) {
    if (event.type === "keydown") {
      if (!isHandled(event, log)) return;
      event.preventDefault();
    }
    controls ??= import("./log-controls.js").then((module) => module.createLogControls(chat, messageList, actions));
    (await controls)(event);
  }

  for (const type of EVENTS) log.addEventListener(type, handle);
}

function isHandled({ key, target, defaultPrevented, altKey, ctrlKey, metaKey, shiftKey }, log) {
  if (defaultPrevented || altKey || ctrlKey || metaKey) return false;
  const isMessage = target.matches(".message");
  if (shiftKey) return key === "F10" && isMessage;
  if (MOVES.includes(key)) return true;
  if (key === "Enter" || key === "ContextMenu") return isMessage;
  return target !== log && PAGES.includes(key); // the log itself scrolls
}
