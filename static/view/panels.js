// The panel beside the room: what is opened by a click or a key. Its modules and their style are loaded when they are needed.
import { byId } from "./dom.js";
import { loadStyle } from "./loading.js";
import { focusComposer } from "./keyboard.js";

/**
 * Returns what opens and closes panels. A panel is a module of `panels/` with a function `createPanel(page, options)`, which
 * returns its `title`, its `content`, and, if needed, `update` (called after every rendering) and `onClose`.
 */
export function createPanels(page) {
  const side = byId("panel");
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
    byId("panel-content").replaceChildren(content);
    byId("panel-content").scrollTop = 0;
    side.hidden = false;
    (content.querySelector("[autofocus]") ?? byId("panel-title")).focus();
  }

  function close() {
    loading = undefined;
    if (!current) return;
    const { opener, onClose } = current;
    current = undefined;
    side.hidden = true;
    onClose?.();
    byId("panel-content").replaceChildren();
    if (opener?.isConnected && opener !== document.body) opener.focus();
    else focusComposer();
  }

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
