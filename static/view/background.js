// What the page needs a moment after it is shown: it tells of messages while nobody looks at it, and the others that the user is
// away; keeps rooms and its own files, so that it works without a network; follows a sign-out in another tab; and says that it
// takes no files.
import { createHistory } from "../client/stored-history.js";
import { createAttention } from "./attention.js";
import { refuseFiles } from "./files.js";
import { followSignOut } from "./sign-out.js";
import { watchVersions } from "./versions.js";

const VERSIONS_MS = 3000; // what the user sees first comes first

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
