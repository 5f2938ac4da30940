// The conversation by keyboard, pointer and touch: the focus goes from message to message, and the bar of actions comes to
// the message under the pointer, to the one that was tapped, or by a key. Loaded when the conversation is first used.
import { TAPPED, createActionBar } from "./action-bar.js";
import { byId } from "./dom.js";

const STOPS = ".message, .gap button";
const CONTROLS = ":is(a, button, pre)"; // code is scrolled by keys
const SHOWN_CONTROLS = `${CONTROLS}:not([aria-hidden], #message-actions *, :is(.mine, .grouped) .author)`;

/**
 * Returns what handles the events of the log.
 * @param {any} chat
 * @param {any} messageList
 * @param {Record<string, any>} actions
 */
export async function createLogControls(chat, messageList, actions) {
  const log = byId("log");
  const list = byId("timeline");
  const bar = await createActionBar(chat, actions);
  const isTapped = matchMedia(TAPPED);
  let isTouch = false;

  const topOf = (element) => element.getBoundingClientRect().top;
  const messageOf = (target) => target.closest(".message");

  function focusStop(stop) {
    if (!stop) return;
    stop.focus({ preventScroll: true, focusVisible: true });
    stop.scrollIntoView({ block: "nearest" });
  }

  function showMessage(entry) {
    if (entry) focusStop(messageList.showRow(entry.id));
  }

  // The message that is about a page away.
  function pageAway(stops, current, direction) {
    const away = (stop) => (topOf(stop) - topOf(current)) * direction;
    const page = log.clientHeight * 0.9;
    const within = stops.filter((stop) => away(stop) > 0 && away(stop) <= page);
    return direction < 0 ? within[0] : within.at(-1);
  }

  function lastInView(stops) {
    const { bottom } = log.getBoundingClientRect();
    return stops.findLast((stop) => topOf(stop) < bottom);
  }

  const keys = {
    ArrowUp: (stops, index) => focusStop(index < 0 ? lastInView(stops) : stops[index - 1]),
    ArrowDown: (stops, index) => focusStop(index < 0 ? lastInView(stops) : stops[index + 1]),
    PageUp: (stops, index) => focusStop(pageAway(stops, stops[index], -1) ?? stops[index - 1]),
    PageDown: (stops, index) => focusStop(pageAway(stops, stops[index], 1) ?? stops[index + 1]),
    Home: () => showMessage(chat.shownEntries().find(({ from }) => from)),
    End() {
      messageList.showEnd();
      showMessage(chat.shownEntries().findLast(({ from }) => from));
    },
    Enter: (stops, index) => (stops[index]?.matches(".message") ? bar.open(stops[index]) : stops[index]?.click()),
    ContextMenu: (stops, index) => keys.Enter(stops, index),
    F10: (stops, index) => keys.Enter(stops, index),
  };

  // While the focus is in a message, that message is the log's one tab stop, and its links and buttons follow it.
  function setTabStops(message) {
    log.tabIndex = message ? -1 : 0;
    for (const stop of list.querySelectorAll(`${STOPS}[tabindex="0"], ${CONTROLS}[tabindex="0"]`)) stop.tabIndex = -1;
    if (!message) return;
    message.tabIndex = 0;
    for (const control of message.querySelectorAll(SHOWN_CONTROLS)) control.tabIndex = 0;
  }

  const handlers = {
    keydown({ key, target }) {
      const stops = [...list.querySelectorAll(STOPS)];
      keys[key](stops, stops.indexOf(target.closest(STOPS)));
    },
    focusin: ({ target }) => setTabStops(target.closest(STOPS)),
    focusout({ relatedTarget }) {
      if (log.contains(relatedTarget)) return;
      setTabStops(undefined);
      if (relatedTarget && !relatedTarget.closest("#message-actions")) bar.hide();
    },
    pointerdown({ pointerType }) {
      isTouch = pointerType === "touch";
    },
    pointerover({ target, pointerType }) {
      const message = messageOf(target);
      if (pointerType === "touch" || isTapped.matches || bar.isInUse()) return;
      if (message) bar.show(message);
    },
    pointerleave() {
      if (!isTapped.matches && !bar.isInUse() && !isTouch) bar.hide();
    },
    click({ target }) {
      const isText = target.closest(".bubble") && !target.closest(CONTROLS) && getSelection()?.isCollapsed;
      const message = messageOf(target);
      if (!isTapped.matches && !isTouch) return;
      if (isText && message !== bar.shown()) bar.show(message);
      else if (!target.closest("#message-actions")) bar.hide();
    },
  };

  addEventListener("pointerdown", ({ target }) => {
    const isOutside = target instanceof Element && !target.closest("#message-actions, #log");
    if (isOutside && bar.shown()) bar.hide();
  });

  return (event) => handlers[event.type](event);
}
