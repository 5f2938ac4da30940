// What the page needs a moment after it is shown: it tells of messages while nobody looks at it, and the others that
// the user is away; keeps rooms and its own files, so that it works without a network; follows a sign-out in another
// tab; offers new versions of the page, which the service worker finds; and says that it takes no files.
import { createHistory } from "../client/stored-history.js";
import { createAttention } from "./attention.js";
import { byId, createButton, createElement, loadStyle, setContent } from "./dom.js";
import { followSignOut } from "./sign-out.js";

const VERSIONS_MS = 3000; // what the user sees first comes first
const CHECK_MS = 30 * 60_000;
const NO_FILES = "Files cannot be sent here, only text. A link to the file can.";

/** Shows what was kept of the user's rooms, keeps what comes, and starts the service worker. */
export async function beginBackgroundWork(page, storage) {
  page.updateAttention = createAttention(page);
  followSignOut(page);
  refuseFiles();
  page.history = createHistory(page.chat, { storage, retentionDays: page.session.retentionDays });
  addEventListener("pagehide", () => page.history.write());
  document.addEventListener("visibilitychange", () => page.history.write());
  setTimeout(watchVersions, VERSIONS_MS);
  await page.history.read();
  page.history.note();
}

/** Starts the service worker where the browser has one, and offers to reload when a new version is ready. */
async function watchVersions() {
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

/** Says so at the composer when somebody drops or pastes a file; without this, the browser would leave the page for it. */
function refuseFiles() {
  function refuse(event) {
    event.preventDefault();
    setContent(byId("composer-problem"), NO_FILES); // until something is typed
  }

  const hasFiles = ({ types }) => types.includes("Files");
  addEventListener("dragover", (/** @type {any} */ event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", (/** @type {any} */ event) => {
    if (hasFiles(event.dataTransfer)) refuse(event);
  });
  // An image that comes with text is left out; the text is pasted.
  byId("message-box").addEventListener("paste", (event) => {
    if (event.clipboardData.files.length && !hasText(event.clipboardData)) refuse(event);
  });
}

const hasText = ({ types }) => types.includes("text/plain");
