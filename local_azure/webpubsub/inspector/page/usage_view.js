// The view of usage. The meter's module is loaded when the view is opened for the first time; its element is the view
// from then on.
import { elementById } from "./elements.js";
import { fetchJson } from "./service_requests.js";

export function createUsageView() {
  let panel = null;
  let isShown = false;

  async function show() {
    const view = elementById("usage");
    if (panel === null) {
      view.hidden = false;
      try {
        const { createMeterPanel } = await import("./meter.js");
        panel ??= createMeterPanel(fetchJson);
        view.replaceWith(panel.element);
      } catch (error) {
        view.textContent = `The meter could not be loaded: ${error.message}`;
        return;
      }
    }
    if (isShown) {
      panel.show();
    }
  }

  return function setShown(shown) {
    isShown = shown;
    if (shown) {
      show();
    } else if (panel) {
      panel.hide();
    } else {
      elementById("usage").hidden = true;
    }
  };
}
