// Where the reader is: the room or message that the address of the page names, the panel beside the room, and the keys
// that work everywhere. The address is `#room`, or, with a message, `#room/123` or `#~room/123`.
import { focusComposer } from "./composer.js";
import { byId, loadStyle } from "./dom.js";

const INVITATION = "#join=";

/**
 * Returns what follows the address. `page` is what panels are given; `accept` takes the invitation of an address,
 * `~room.secret`.
 */
export function createAddresses(page, lobby, accept) {
  const { chat, screen, composer } = page;
  let jump; // shows a message of any age in its place; loaded when it is needed

  async function loadJump() {
    const { createJump } = await import("./jump.js");
    return (jump ??= createJump(page, enter));
  }

  function enter(room) {
    chat.openRoom(room);
    screen.clearUnreadMark();
    composer.openRoom(chat.room.name);
    byId("rooms").hidePopover();
    screen.showRoom();
    if (!byId("panel").contains(document.activeElement)) focusComposer();
  }

  // The history of the browser knows the place in which the reader was before a jump.
  async function open(event) {
    if (location.hash.startsWith(INVITATION)) {
      const invitation = location.hash.slice(INVITATION.length);
      history.replaceState(null, "", `#${chat.room.name}`);
      accept(invitation);
      return;
    }
    const [, room, number] = location.hash.match(/^#?(.*?)(?:\/(\d+))?$/) ?? [];
    const seq = Number(number);
    const place = history.state?.place ?? (seq > 0 ? { seq } : undefined);
    const isHere = event?.type === "hashchange" && chat.room.name === room;
    if (!isHere || !place) enter(room || lobby);
    if (place) (await loadJump()).comeTo(chat.room.name, place);
  }

  addEventListener("hashchange", open);

  return {
    /** Opens the room that the address names. */
    open,

    /** Names another room; this opens it. */
    set(room) {
      location.hash = room.trim().replace(/^#/, "").toLowerCase();
    },

    /** Shows the message `{ id }` or `{ seq }` of a room in its place, whatever its age. */
    async showEntry(room, message) {
      (await loadJump()).goTo(room, message);
    },

    /** Goes on with a jump after a rendering. */
    update: () => jump?.update(),

    /** Returns whether the room is only passed through, to a message of it. */
    isJumping: () => Boolean(jump?.isActive()),
  };
}

/**
 * Returns what opens and closes panels. A panel is a module of `panels/` with a function `createPanel(page, options)`, which
 * returns its `title`, its `content`, and, if needed, `update` (called after every rendering) and `onClose`.
 */
export function createPanels(page) {
  const side = byId("panel");
  const panelContent = byId("panel-content");
  let current; // { name, opener, update, onClose }
  let loading;

  async function open(name, options = {}) {
    // A drawer would cover the panel; it gives the focus back to its own button.
    for (const drawer of document.querySelectorAll(":popover-open")) /** @type {HTMLElement} */ (drawer).hidePopover();
    const opener = current?.opener ?? document.activeElement;
    const request = (loading = name); // of several clicks the last one counts
    await loadStyle("panels/panels.css");
    const { createPanel } = await import(`../panels/${name}.js`);
    if (loading !== request) return;
    current?.onClose?.();
    const { title, content, ...hooks } = createPanel(page, options);
    current = { name, opener, ...hooks };
    byId("panel-title").textContent = title;
    panelContent.replaceChildren(content);
    panelContent.scrollTop = 0;
    panelContent.tabIndex = content.querySelector("a, button, input") ? -1 : 0; // text alone is scrolled by keys
    side.hidden = false;
    (content.querySelector("[autofocus]") ?? byId("panel-title")).focus();
  }

  function close() {
    loading = undefined;
    if (!current) return;
    const { opener, onClose } = current;
    const hadFocus = side.contains(document.activeElement);
    current = undefined;
    side.hidden = true;
    onClose?.();
    panelContent.replaceChildren();
    if (!hadFocus) return;
    if (opener?.isConnected && opener !== document.body) opener.focus();
    else focusComposer();
  }

  // The list of people stands in the same place.
  byId("people").addEventListener("beforetoggle", ({ newState }) => {
    if (newState === "open") close();
  });

  return {
    open,
    close,

    /** Opens the panel, or closes it when it is the one that is open. */
    toggle: (name) => (current?.name === name ? close() : open(name)),

    /** Returns the name of the open panel. */
    current: () => current?.name,

    /** Shows what has changed. */
    update: () => current?.update?.(),
  };
}

/**
 * Listens to keys. Escape goes one step back: what handles it first (a menu, an edit) prevents its default; then comes a
 * drawer, which the browser closes, then the panel, then the focus returns to the message box.
 */
export function createKeyboard(panels) {
  const keys = {
    Escape() {
      if (document.querySelector(":popover-open")) return false;
      if (panels.current()) panels.close();
      else byId("message-box").focus();
      return true;
    },
    "?"({ target }) {
      if (target.matches("input, textarea, select")) return false;
      panels.toggle("shortcuts");
      return true;
    },
  };

  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k" && !event.altKey) {
      event.preventDefault();
      panels.open("search");
      return;
    }
    if (event.defaultPrevented || event.isComposing) return;
    if (keys[event.key]?.(event)) event.preventDefault();
  });
}
