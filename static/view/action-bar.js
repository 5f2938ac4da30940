// The bar with what can be done to a message. In a wide window it stands beside the bubble, within the height of its own
// message, so that it covers nobody's text; in a narrow one, and on touch, it is a sheet at the lower edge of the
// conversation. Loaded when the conversation is first used.
import { canChangeMessage } from "../client/members.js";
import { createActionButtons } from "./actions.js";
import { byId, createElement, loadStyle } from "./dom.js";

const DISTANCE_PX = 6; // from the bubble, and from the edges of the view
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
/** Where the bar is a sheet, which a tap on the message opens. */
export const TAPPED = "(max-width: 760px), (pointer: coarse)";
const CHANGES = ["edit", "delete", "pin", "report"]; // what not everybody may do
const UNAVAILABLE = ".deleted, .pending, .sent, .failed";

/**
 * Returns the bar. `actions` are those of the page by name, see actions.js.
 * @param {any} chat
 * @param {Record<string, any>} actions
 */
export async function createActionBar(chat, actions) {
  await loadStyle("panels/panels.css");
  const log = byId("log");
  const { inline, menu: menuOnly } = createActionButtons(actions);
  const more = createElement(
    "button",
    { ariaLabel: "More actions", ariaExpanded: "false", title: "More actions" },
    "⋯",
  );
  const menu = createElement("div", { className: "menu" });
  const bar = createElement("div", { id: "message-actions", role: "group", ariaLabel: "Message actions" }, more, menu);
  const buttons = [...inline, more, ...menuOnly];
  for (const button of buttons) button.tabIndex = -1; // the arrow keys lead to them
  const isTapped = matchMedia(TAPPED);
  /** @type {HTMLElement | undefined} */
  let message;

  function isAvailable({ dataset: { action } }, entry) {
    if (action === "copy-text") return Boolean(navigator.clipboard); // in a secure context only
    return !CHANGES.includes(action) || canChangeMessage(chat.room, chat.me, entry, action);
  }

  function describeButtons(entry) {
    for (const button of [...inline, ...menuOnly]) {
      button.hidden = !isAvailable(button, entry);
      button.classList.remove("confirming");
      if (button.dataset.action === "delete") button.textContent = "Delete";
      if (button.dataset.action === "pin") button.textContent = chat.room.rules.pinned.has(entry.id) ? "Unpin" : "Pin";
    }
  }

  // What has no room in the bar stands in the menu.
  function arrange(isCompact) {
    const isShort = ({ dataset: { action } }) => action === "reply" || action === "more-emoji";
    const inBar = inline.filter((button) => !isCompact || isShort(button));
    const reply = inline.find(({ dataset }) => dataset.action === "reply");
    if (reply) reply.textContent = isCompact ? "↩\uFE0E" : "Reply";
    bar.prepend(...inBar);
    menu.replaceChildren(...inline.filter((button) => !inBar.includes(button)), ...menuOnly);
  }

  function openMenu(isOpen) {
    more.ariaExpanded = String(isOpen);
    menu.hidden = !isOpen;
    if (!isOpen) return;
    const { bottom } = bar.getBoundingClientRect();
    menu.classList.toggle("above", bottom + menu.offsetHeight > log.getBoundingClientRect().bottom);
  }

  function show(element) {
    const isEntry = ({ id }) => id === element.id;
    const entry = chat.shownEntries().findLast(isEntry) ?? chat.unsentMessages().find(isEntry);
    // Beside a message that is on its way the bar waits, hidden.
    if (!entry || (isTapped.matches && element.matches(UNAVAILABLE))) return false;
    hide();
    message = element;
    bar.dataset.message = element.id;
    describeButtons(entry);
    element.dataset.chosen = "";
    bar.classList.toggle("sheet", isTapped.matches);
    if (isTapped.matches) showSheet(element);
    else showBeside(element);
    return true;
  }

  function showSheet(element) {
    arrange(false);
    openMenu(true);
    bar.removeAttribute("style");
    byId("conversation").append(bar);
    byId("timeline").style.paddingBottom = `${bar.offsetHeight + DISTANCE_PX}px`; // the last message can stand above it
    const hidden = element.getBoundingClientRect().bottom + DISTANCE_PX - bar.getBoundingClientRect().top;
    if (hidden > 0) log.scrollTop += hidden;
  }

  function showBeside(element) {
    arrange(false);
    openMenu(false);
    element.append(bar);
    const view = log.getBoundingClientRect();
    const place = element.getBoundingClientRect();
    const isMine = element.classList.contains("mine");
    const parts = [...element.querySelectorAll(".bubble, .bubble > time")].map((part) => part.getBoundingClientRect());
    const room = isMine
      ? Math.min(...parts.map(({ left }) => left)) - view.left
      : view.left + log.clientWidth - Math.max(...parts.map(({ right }) => right));
    if (bar.offsetWidth + 2 * DISTANCE_PX > room) arrange(true);
    const edge = Math.max(0, isMine ? room + view.left - place.left : 0);
    const end = place.right - (view.left + log.clientWidth) + room;
    bar.style.right = isMine ? `${place.width - edge + DISTANCE_PX}px` : "auto";
    bar.style.left = isMine ? "auto" : `${place.width - end + DISTANCE_PX}px`;
    stayInView();
  }

  // Of a message that is partly above or below the view, the bar stands at the part that is in it.
  function stayInView() {
    if (!message || bar.parentNode !== message) return;
    const view = log.getBoundingClientRect();
    const place = message.getBoundingClientRect();
    const highest = view.top + DISTANCE_PX - place.top;
    const lowest = Math.min(view.bottom - DISTANCE_PX - place.top, place.height) - bar.offsetHeight;
    bar.style.top = `${Math.max(0, Math.min(Math.max(2, highest), lowest))}px`;
  }

  function hide() {
    delete message?.dataset.chosen;
    message = undefined;
    byId("timeline").style.paddingBottom = "";
    bar.remove();
  }

  function moveFocus(event) {
    const step = STEPS[event.key];
    const shown = buttons.filter((button) => button.checkVisibility());
    if (step) {
      const index = shown.indexOf(document.activeElement);
      shown.at((index + step) % shown.length)?.focus();
    } else if (event.key === "Escape" && more.ariaExpanded === "true" && !isTapped.matches) {
      openMenu(false);
      more.focus();
    } else if (event.key === "Escape") {
      const left = message;
      hide();
      left?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  more.addEventListener("click", () => openMenu(more.ariaExpanded !== "true"));
  bar.addEventListener("keydown", moveFocus);
  bar.addEventListener("contextmenu", (event) => event.preventDefault()); // the menu key opens the bar
  bar.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest("button");
    const isDone = button && button !== more && !button.classList.contains("confirming");
    if (isDone) setTimeout(() => (isTapped.matches ? hide() : openMenu(false)));
  });
  log.addEventListener("scroll", stayInView);
  isTapped.addEventListener("change", hide);

  return {
    /** Returns whether somebody uses the bar: it stays where it is. */
    isInUse: () => bar.isConnected && (more.ariaExpanded === "true" || Boolean(bar.querySelector(":focus-visible"))),

    /** Returns the message whose bar is shown, if one is. */
    shown: () => (bar.isConnected ? message : undefined),

    /** Shows the bar at a message, if anything can be done to it. */
    show: (element) => (element === message && bar.isConnected ? undefined : show(element)),

    /** Shows the bar at a message, with the focus. */
    open(element) {
      if (element.matches(UNAVAILABLE) || !show(element)) return;
      buttons.find((button) => button.checkVisibility())?.focus({ focusVisible: true });
    },

    hide,
  };
}
