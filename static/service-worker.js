// The page without a network. The server writes two lines before this one: VERSION, a hash over all files of the page, and FILES, the
// SHA-256 of each file by its path.
//
// A worker keeps the files of its version, all of them or none. A page gets all its files from one version: when the server says that
// its version is the worker's, or does not answer, the page is bound to the kept files; else everything comes from the server. So an
// old worker never mixes files of two versions, and what the server has now is what is shown. Only a server that is not reachable, or
// is slow, makes an older version appear. Nothing but files is answered here: `/session`, `/negotiate` and the like always reach the
// server.
/* global FILES, VERSION */

const CACHE_PREFIX = "chat-files-";
const CACHE = CACHE_PREFIX + VERSION;
const BINDINGS = "chat-bindings"; // the cache of each page that is bound to one, by the page's client id
const ANSWER_MS = 3000; // after this time the kept page is shown
const CLIENT_MS = 1000;
const INDEX = "index.html";
const FILE = /^[\w-]+(\/[\w-]+)*(\.[\w-]+)+$/;
const ROOT = new URL("./", self.location.href).href;

self.addEventListener("install", (event) => event.waitUntil(keepFiles()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", (event) => event.waitUntil(tellVersion(event.source)));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const path = pathOf(url);
  if (method !== "GET" || path === undefined) return;
  event.respondWith(mode === "navigate" ? openPage(event, path) : loadFile(event, path));
});

self.addEventListener("notificationclick", (event) => event.waitUntil(showMessage(event.notification)));

// Opens the message of a notification: in a page that is open, else in a new one.
async function showMessage(notification) {
  notification.close();
  const { data } = notification;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const pages = windows.filter(({ frameType, url }) => frameType === "top-level" && url.startsWith(ROOT));
  for (const page of pages) page.postMessage(data);
  if (pages.length) await pages[0].focus();
  else await self.clients.openWindow(data ? `${ROOT}#${encodeURIComponent(data.room)}/${data.seq}` : ROOT);
}

// The path of a file under the root, or undefined for what is none.
function pathOf(url) {
  const address = new URL(url);
  const path = `${address.origin}${address.pathname}`;
  if (!path.startsWith(ROOT)) return undefined;
  const relative = path.slice(ROOT.length) || INDEX;
  return FILE.test(relative) ? relative : undefined;
}

async function keepFiles() {
  const cache = await caches.open(CACHE);
  // One after the other: this must not hold up what the page asks for.
  for (const [path, hash] of Object.entries(FILES)) await keepFile(cache, path, hash);
  // A worker that is not the first one waits until no page is open: what is shown does not depend on the worker's version, and
  // while a browser replaces a worker, it may open no page.
}

// While a deployment goes on, servers of two versions answer: a file of the other one must not be kept.
async function keepFile(cache, path, hash) {
  const url = ROOT + path;
  let response = await caches.match(url);
  if (!response || (await hashOf(response)) !== hash) response = await fetch(url, { cache: "no-cache" });
  if (!response.ok || (await hashOf(response)) !== hash) throw new Error(`${path} is not of version ${VERSION}`);
  await cache.put(url, response);
}

async function hashOf(response) {
  const digest = await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Requests wait until this is done.
async function takeOver() {
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
  await removeUnusedCaches();
}

// A page asks whether there is a newer version than its own.
async function tellVersion(client) {
  const cacheName = await cacheOf(client.id);
  if (cacheName && cacheName !== CACHE) client.postMessage({ type: "new version" });
}

async function openPage(event, path) {
  const { resultingClientId } = event;
  const asking = askForPage(event);
  try {
    const { response, version } = await Promise.race([asking, failAfter(ANSWER_MS)]);
    if (response.status < 500) {
      if (version === VERSION) await bind(resultingClientId);
      else event.waitUntil(update());
      // Once the new page is there, the one before it is gone.
      event.waitUntil(findClient(resultingClientId).then(removeUnusedCaches));
      return response;
    }
  } catch {
    event.waitUntil(asking.then(update, () => {})); // a late answer may be of another version; without one nothing is to be done
  }
  const kept = await caches.match(ROOT + path, { cacheName: CACHE });
  if (!kept) return (await asking).response;
  await bind(resultingClientId);
  return kept;
}

// The server tells its version to requests of this kind only: other answers may have it from the browser's cache.
async function askForPage({ preloadResponse, request }) {
  const preloaded = await preloadResponse;
  if (preloaded) return { response: preloaded, version: preloaded.headers.get("Chat-Version") };
  return { response: await fetch(request) };
}

async function failAfter(milliseconds) {
  await wait(milliseconds);
  throw new Error("no answer");
}

async function update() {
  await self.registration.update().catch(() => {}); // it is tried again with the next page
}

async function loadFile({ clientId, request }, path) {
  const cacheName = await cacheOf(clientId);
  const kept = cacheName && (await caches.match(ROOT + path, { cacheName }));
  return kept ?? fetch(request);
}

async function bind(clientId) {
  const bindings = await caches.open(BINDINGS);
  await bindings.put(ROOT + clientId, new Response(CACHE));
}

async function cacheOf(clientId) {
  const binding = await caches.match(ROOT + clientId, { cacheName: BINDINGS });
  return binding?.text();
}

// The caches to which open pages are bound; bindings of closed pages are removed.
async function boundCaches() {
  const bindings = await caches.open(BINDINGS);
  const names = new Set();
  for (const { url } of await bindings.keys()) {
    const clientId = url.slice(ROOT.length);
    if (await findClient(clientId)) names.add(await cacheOf(clientId));
    else await bindings.delete(url);
  }
  return names;
}

// Returns nothing for a page that is closed. For one that was left while it was loaded, the browser may say nothing for long.
function findClient(clientId) {
  return Promise.race([self.clients.get(clientId), wait(CLIENT_MS).then(() => true)]);
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Caches are named in the order in which they were made: a later one is that of a worker which is being installed.
async function removeUnusedCaches() {
  const used = await boundCaches();
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX));
  for (const name of names.slice(0, names.indexOf(CACHE))) if (!used.has(name)) await caches.delete(name);
}
