// The panel beside the room: what is opened by a click or a key. Its modules and their style are loaded when they are needed.
import { byId, loadStyle } from "./dom.js";
import { focusComposer } from "./keyboard.js";

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
