// New versions of the page, and the page without a network: both are the service worker's work.
import { byId, createButton, createElement, loadStyle } from "./dom.js";

const CHECK_MS = 30 * 60_000;

/** Starts the service worker where the browser has one, and offers to reload when a new version is ready. */
export async function watchVersions() {
  const { serviceWorker } = navigator;
  if (!serviceWorker || window !== top) return; // none without a secure context; and a page within another one needs none
  const ask = (worker) => worker?.postMessage({ type: "is there a newer version" });
  serviceWorker.addEventListener("message", ({ data }) => {
    if (data?.type === "new version") offerReload();
  });
  const registration = await serviceWorker.register("service-worker.js").catch(() => undefined);
  if (!registration) return; // not allowed in this browser
  ask(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing?.addEventListener("statechange", () => {
      if (installing.state === "installed") ask(installing);
    });
  });
  let checkedAt = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - checkedAt < CHECK_MS) return;
    checkedAt = Date.now();
    registration.update().catch(() => {}); // without a network: the next time
  });
}

// Never while something is typed.
function offerReload() {
  if (byId("new-version")) return;
  const button = createButton("reload", { className: "primary" }, "Reload");
  const offer = createElement("p", { id: "new-version", role: "status" }, "A new version is ready. ", button);
  const box = byId("message-box");
  const update = () => {
    offer.hidden = Boolean(box.value);
  };
  box.addEventListener("input", update);
  byId("status").before(offer);
  loadStyle("panels/panels.css");
  update();
}
