import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";
import { settle } from "./client/service.js";

const SOURCE = readFileSync(new URL("../../static/service-worker.js", import.meta.url), "utf8");
const ROOT = "https://chat.example/";
const hashOf = (text) => createHash("sha256").update(text).digest("hex");

// A browser's caches and a site, which the workers of several versions share.
function createBrowser(files) {
  const stores = new Map();
  const keyOf = (request) => new URL(request.url ?? request, ROOT).href;
  const open = (name) => stores.get(name) ?? stores.set(name, new Map()).get(name);
  const browser = { files, stores, asked: [], status: 200, isSlow: false, version: "", pages: new Set(), updates: 0 };
  Object.assign(browser, { windows: [], opened: [] });
  browser.caches = {
    async open(name) {
      const store = open(name);
      return {
        put: async (request, response) => store.set(keyOf(request), await response.text()),
        keys: async () => [...store.keys()].map((url) => ({ url })),
        delete: async (request) => store.delete(keyOf(request)),
      };
    },
    async match(request, { cacheName } = {}) {
      const names = cacheName ? [cacheName] : [...stores.keys()];
      const found = names.map((name) => stores.get(name)?.get(keyOf(request))).find((text) => text !== undefined);
      return found === undefined ? undefined : new Response(found);
    },
    keys: async () => [...stores.keys()],
    delete: async (name) => stores.delete(name),
  };
  browser.fetch = async (request) => {
    const path = keyOf(request).slice(ROOT.length) || "index.html";
    browser.asked.push(path);
    if (browser.isSlow) await new Promise(() => {});
    if (!browser.status) throw new TypeError("no network");
    const text = browser.status === 200 ? browser.files[path] : "a gateway's page";
    return new Response(text, { status: browser.status, headers: { "Chat-Version": browser.version } });
  };
  return browser;
}

// A worker as the server writes it for these files.
function createWorker(browser, version, files) {
  const handlers = {};
  const self = {
    location: { href: `${ROOT}service-worker.js` },
    addEventListener: (name, handler) => (handlers[name] = handler),
    skipWaiting: async () => {},
    registration: { update: async () => (browser.updates += 1) },
    clients: {
      claim: async () => {},
      get: async (id) => (browser.pages.has(id) ? { id } : undefined),
      matchAll: async ({ includeUncontrolled }) => browser.windows.filter(() => includeUncontrolled),
      openWindow: async (url) => browser.opened.push(url),
    },
  };
  const hashes = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, hashOf(text)]));
  const head = `const VERSION = ${JSON.stringify(version)}; const FILES = ${JSON.stringify(hashes)};`;
  const { caches, fetch } = browser;
  const startTimer = (run, milliseconds) => setTimeout(run, milliseconds); // also when a test has mocked timers later
  const globals = { self, caches, fetch, crypto, Response, URL, setTimeout: startTimer, Set, Uint8Array };
  vm.runInNewContext(head + SOURCE, globals);

  async function dispatch(name, event = {}) {
    const waiting = [];
    let answer;
    handlers[name]({
      ...event,
      waitUntil: (promise) => waiting.push(promise),
      respondWith: (given) => (answer = given),
    });
    const response = await answer;
    if (name !== "fetch") await Promise.all(waiting);
    return response?.text();
  }

  return {
    install: () => dispatch("install"),
    activate: () => dispatch("activate"),
    /** Opens a page; the server's answer has its version. */
    open(id, url = ROOT) {
      browser.pages.add(id);
      const request = { method: "GET", mode: "navigate", url };
      return dispatch("fetch", { request, resultingClientId: id, preloadResponse: browser.fetch(request) });
    },
    click: (notification) => dispatch("notificationclick", { notification }),
    load: (id, path, more = {}) =>
      dispatch("fetch", { clientId: id, request: { method: "GET", mode: "cors", url: ROOT + path, ...more } }),
  };
}

const ONE = { "index.html": "<p>1", "app.js": "one", "same.js": "same" };
const TWO = { "index.html": "<p>1", "app.js": "two", "same.js": "same" };

async function startVersionOne() {
  const browser = Object.assign(createBrowser(ONE), { version: "v1" });
  const worker = createWorker(browser, "v1", ONE);
  await worker.install();
  await worker.activate();
  browser.asked.length = 0;
  return { browser, worker };
}

test("a page of the worker's version has all its files from what was kept, also without a network", async () => {
  const { browser, worker } = await startVersionOne();
  assert.deepEqual([await worker.open("p"), await worker.load("p", "app.js")], ["<p>1", "one"]);
  assert.deepEqual(browser.asked, ["index.html"]);

  browser.status = 0;
  assert.deepEqual([await worker.open("q"), await worker.load("q", "app.js")], ["<p>1", "one"]);
  browser.status = 503;
  assert.deepEqual([await worker.open("r"), await worker.load("r", "app.js")], ["<p>1", "one"]);
});

test("a server that does not answer in three seconds is not waited for", async (t) => {
  const { browser, worker } = await startVersionOne();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  browser.isSlow = true;
  const opened = worker.open("p");
  await settle();
  t.mock.timers.tick(3000);
  assert.equal(await opened, "<p>1");
});

test("a page of another version takes no kept file, even where its own page is the same, and the worker is renewed", async () => {
  const { browser, worker } = await startVersionOne();
  Object.assign(browser, { files: TWO, version: "v2" });

  assert.deepEqual([await worker.open("p"), await worker.load("p", "app.js")], ["<p>1", "two"]);
  assert.equal(browser.updates, 1);
});

test("a version is kept wholly or not at all: while servers of two versions answer, it is not installed", async () => {
  const { browser, worker } = await startVersionOne();
  const renewed = createWorker(browser, "v2", TWO);
  await assert.rejects(renewed.install(), /app.js is not of version v2/);

  await worker.open("p");
  assert.equal(await worker.load("p", "app.js"), "one");
});

test("an open page keeps its files under the next worker, and they go with the page", async () => {
  const { browser, worker } = await startVersionOne();
  await worker.open("p");
  Object.assign(browser, { files: TWO, version: "v2" });
  browser.asked.length = 0;
  const renewed = createWorker(browser, "v2", TWO);
  await renewed.install();
  assert.deepEqual(browser.asked, ["app.js"]); // what did not change is there already
  await renewed.activate();

  assert.equal(await renewed.load("p", "app.js"), "one");
  assert.equal(await renewed.open("q"), "<p>1");
  assert.equal(await renewed.load("q", "app.js"), "two");
  browser.pages.delete("p");
  await renewed.open("r");
  await settle();
  assert.deepEqual(
    [...browser.stores.keys()].filter((name) => name.startsWith("chat-files-")),
    ["chat-files-v2"],
  );
});

test("an old worker does not remove what the next one is keeping", async () => {
  const { browser, worker } = await startVersionOne();
  Object.assign(browser, { files: TWO, version: "v2" });
  await createWorker(browser, "v2", TWO).install();
  await worker.open("p");
  await settle();

  assert.ok(browser.stores.has("chat-files-v2"));
});

test("nothing but files is answered: what the app says always comes from the server", async () => {
  const { worker } = await startVersionOne();
  await worker.open("p");
  for (const path of ["session", "rooms", "rooms/lobby", "negotiate", "embed", ".auth/me", "manage/jobs/1"]) {
    assert.equal(await worker.load("p", path), undefined, path);
  }
  assert.equal(await worker.load("p", "app.js", { method: "POST" }), undefined);
  assert.equal(await worker.load("p", "app.js", { url: "https://elsewhere.example/app.js" }), undefined);
});

test("a click on a notification is told to the pages of the chat, and the first one comes to the front", async () => {
  const { browser, worker } = await startVersionOne();
  const told = [];
  const windowAt = (url, frameType = "top-level") => ({
    url,
    frameType,
    postMessage: (data) => told.push([url, data.seq]),
    focus: async () => told.push([url, "focus"]),
  });
  browser.windows = [windowAt(`${ROOT}embed`, "nested"), windowAt("https://other.example/"), windowAt(`${ROOT}#lobby`)];
  const notification = { data: { room: "design", seq: 7 }, close: () => told.push(["closed"]) };

  await worker.click(notification);

  assert.deepEqual(told, [["closed"], [`${ROOT}#lobby`, 7], [`${ROOT}#lobby`, "focus"]]);
  assert.deepEqual(browser.opened, []);
});

test("without an open page a click on a notification opens its message", async () => {
  const { browser, worker } = await startVersionOne();

  await worker.click({ data: { room: "~k7oq", seq: 7 }, close() {} });
  await worker.click({ data: null, close() {} });

  assert.deepEqual(browser.opened, [`${ROOT}#~k7oq/7`, ROOT]);
});
