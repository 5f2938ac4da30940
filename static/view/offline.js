// What the page does in the background so that it works without a network: it keeps rooms, and its files.
import { createHistory } from "../client/stored-history.js";
import { followSignOut } from "./sign-out.js";
import { watchVersions } from "./versions.js";

const VERSIONS_MS = 3000; // what the user sees first comes first

/** Shows what was kept of the user's rooms, keeps what comes, and starts the service worker. */
export async function workOffline(page, storage) {
  followSignOut(page);
  page.history = createHistory(page.chat, { storage, retentionDays: page.session.retentionDays });
  addEventListener("pagehide", () => page.history.write());
  document.addEventListener("visibilitychange", () => page.history.write());
  setTimeout(watchVersions, VERSIONS_MS);
  await page.history.read();
  page.history.note();
}
