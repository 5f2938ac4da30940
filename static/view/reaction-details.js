// Who has reacted: a small list beside the button.
import { createElement, loadStyle } from "./dom.js";
import { placeBeside } from "./popover.js";

const HOVER_MS = 350;
const PRESS_MS = 450;
const LEAVE_MS = 200;
const MAX_NAMES = 12;

/**
 * Shows who has reacted at a button of the log: when the pointer rests on it, when a finger stays on it, and when it has the
 * focus of the keyboard. `detailsOf` returns what is known of a button.
 */
export function watchButtons(log, detailsOf) {
  const box = createElement("div", { id: "reaction-details", role: "tooltip", popover: "manual" });
  document.body.append(box);
  let shownButton;
  let timer;
  let isLongPress = false;

  function showLater(button, delay) {
    clearTimeout(timer);
    timer = setTimeout(() => show(button), delay);
  }

  async function show(button) {
    hide();
    shownButton = button;
    await loadStyle("panels/panels.css");
    if (shownButton !== button || !button.isConnected) return;
    box.replaceChildren(...describe(detailsOf(button)));
    button.setAttribute("aria-describedby", box.id);
    box.showPopover();
    placeBeside(box, button);
  }

  function hide() {
    clearTimeout(timer);
    shownButton?.removeAttribute("aria-describedby");
    shownButton = undefined;
    if (box.matches(":popover-open")) box.hidePopover();
  }

  const hideLater = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, LEAVE_MS);
  };

  const handlers = {
    pointerover(button, { pointerType }) {
      if (pointerType === "mouse" && button !== shownButton) showLater(button, HOVER_MS);
      else if (pointerType === "mouse") clearTimeout(timer);
    },
    pointerout(_, { pointerType }) {
      if (pointerType === "mouse") hideLater();
    },
    pointerdown(button, { pointerType }) {
      isLongPress = false;
      if (pointerType === "mouse") return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isLongPress = true;
        show(button);
      }, PRESS_MS);
    },
    pointerup(_, { pointerType }) {
      if (pointerType !== "mouse" && !isLongPress) hide();
    },
    pointercancel: () => hide(), // the finger scrolls
    focusin(button) {
      if (button.matches(":focus-visible")) show(button);
    },
    focusout: () => hide(),
    click(_, clicked) {
      if (isLongPress) clicked.stopImmediatePropagation(); // it was no click
      isLongPress = false;
    },
    contextmenu(_, opened) {
      if (isLongPress || opened.pointerType === "touch") opened.preventDefault();
    },
  };

  function handle(occurred) {
    const button = occurred.target.closest?.(".reactions button");
    if (button) handlers[occurred.type](button, occurred);
  }

  for (const type of Object.keys(handlers)) log.addEventListener(type, handle);
  log.addEventListener("scroll", hide);
  box.addEventListener("pointerover", () => clearTimeout(timer));
  box.addEventListener("pointerout", hideLater);
  addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  addEventListener("pointerdown", ({ target }) => {
    if (shownButton && !shownButton.contains(target) && !box.contains(target)) hide();
  });
}

function describe({ emoji, count, others, isChosen }) {
  const items = others.map((name) => createElement("li", {}, createElement("bdi", {}, name)));
  if (isChosen) items.unshift(createElement("li", {}, createElement("b", {}, "You")));
  const shown = items.slice(0, MAX_NAMES);
  const more = count - shown.length;
  if (more > 0) shown.push(createElement("li", {}, `and ${more} other${more > 1 ? "s" : ""}`));
  return [createElement("span", { className: "only-emoji" }, emoji), createElement("ul", {}, ...shown)];
}
