// The details of one entry: an overview with the trace that it belongs to, and of an HTTP call both messages.
import { createButton, createElement, createFacts, elementById, kindLabel } from "./elements.js";
import { connectionName, formatMilliseconds, formatTime } from "./formatting.js";
import { headerValue, renderBody, renderRequest, renderResponse, renderSignature } from "./http_view.js";
import { renderWaterfall } from "./waterfall.js";

const REFRESH_MILLISECONDS = 250;
const GROWING_SECONDS = 30; // a trace may have new steps for so long
const FILLS_SCREEN = matchMedia("(max-width: 900px)"); // as in style.css: the list is hidden
const TABS = ["Overview", "Request", "Response", "Signature"];

// `actions` has the functions that the details call: select(id), close(), search(field, value), copy(text, name),
// copyLink(id), copyCurl(id), replay(id), editAndReplay(details), and markRelated(ids): the entries of one trace.
export function createDetails(actions) {
  const panel = elementById("details");
  const content = elementById("entry-details");
  let shownId = null;
  let shown = null; // what the service answered about the entry
  let renderedText = "";
  let refreshTimer = null;
  let tab = TABS[0]; // stays when another entry is shown
  let wantsFocus = false;

  async function load() {
    refreshTimer = null;
    const id = shownId;
    if (id === null) {
      return;
    }
    const response = await fetch(`inspector/entries/${id}`).catch(() => null);
    const text = await response?.text();
    if (text === undefined || shownId !== id || text === renderedText) {
      return;
    }
    renderedText = text;
    shown = JSON.parse(text);
    actions.markRelated((shown.steps ?? []).map((step) => step.id));
    render();
  }

  function render() {
    const { entry, steps, note, message } = shown;
    if (!entry) {
      content.replaceChildren(
        renderTitle("No such entry", actions),
        createElement("p", { className: "nothing" }, message),
      );
      return;
    }
    const tabs = entry.http ? TABS : TABS.slice(0, 1);
    const current = tabs.includes(tab) ? tab : TABS[0];
    const focusedId = panel.contains(document.activeElement) ? document.activeElement.id : "";
    content.replaceChildren(renderTitle(entry.title, actions), renderAbout(entry), renderActions(shown, actions));
    if (tabs.length > 1) {
      content.append(renderTabs(tabs, current));
    }
    const body = createElement("div", { id: "tab-panel", className: "tab-panel" });
    if (tabs.length > 1) {
      body.role = "tabpanel";
      body.setAttribute("aria-labelledby", tabId(current));
    }
    body.append(...renderTab(current, entry, steps, note).filter(Boolean));
    content.append(body);
    if (wantsFocus) {
      wantsFocus = false;
      content.querySelector("h2").focus({ preventScroll: true });
    } else if (focusedId) {
      elementById(focusedId)?.focus({ preventScroll: true });
    }
  }

  function renderTab(name, entry, steps, note) {
    switch (name) {
      case "Request":
        return renderRequest(entry.http, actions.copy);
      case "Response":
        return renderResponse(entry.http, actions.copy);
      case "Signature":
        return renderSignature(entry.http);
      default:
        return renderOverview(entry, steps, note, actions);
    }
  }

  function renderTabs(tabs, current) {
    const list = createElement("div", { role: "tablist", className: "tabs", ariaLabel: "Parts of the entry" });
    for (const name of tabs) {
      const button = createButton(name, () => showTab(name), { id: tabId(name), role: "tab" });
      button.ariaSelected = String(name === current);
      button.tabIndex = name === current ? 0 : -1;
      button.setAttribute("aria-controls", "tab-panel");
      list.append(button);
    }
    list.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step) {
        moveTab(step);
        elementById(tabId(tab)).focus();
      }
    });
    return list;
  }

  function showTab(name) {
    tab = name;
    render();
    panel.scrollTop = 0;
  }

  // Shows the next part, or the one before; nothing where there is only one.
  function moveTab(step) {
    if (shown?.entry?.http) {
      const index = TABS.indexOf(tab);
      showTab(TABS[(index + step + TABS.length) % TABS.length]);
    }
  }

  function show(id) {
    if (shownId === id) {
      return;
    }
    shownId = id;
    shown = null;
    wantsFocus = FILLS_SCREEN.matches;
    panel.hidden = false;
    panel.scrollTop = 0;
    document.body.classList.add("detailed");
    load();
  }

  function hide() {
    shownId = null;
    shown = null;
    renderedText = "";
    panel.hidden = true;
    actions.markRelated([]);
    document.body.classList.remove("detailed");
  }

  // Loads the shown entry again after a short time: its trace may have grown.
  function scheduleRefresh() {
    if (shownId !== null && refreshTimer === null && mayGrow(shown)) {
      refreshTimer = setTimeout(load, REFRESH_MILLISECONDS);
    }
  }

  return {
    show,
    hide,
    moveTab,
    scheduleRefresh,
    shownId: () => shownId,
    shown: () => shown,
  };
}

const tabId = (name) => `tab-${name.toLowerCase()}`;

function mayGrow(shown) {
  const steps = shown?.steps ?? [];
  const newest = Math.max(0, ...steps.map(({ began }) => began));
  return !shown || steps.some(({ inProgress }) => inProgress) || Date.now() / 1000 - newest < GROWING_SECONDS;
}

function renderTitle(text, { close }) {
  const title = createElement("h2", { tabIndex: -1 }, text);
  const button = createButton("Close", close, { id: "close-button", title: "Esc" });
  return createElement("div", { className: "title-line" }, title, button);
}

function renderActions(shown, { copyLink, copyCurl, replay, editAndReplay }) {
  const { entry } = shown;
  const buttons = [];
  if (entry.kind === "webhook" && !entry.imported) {
    buttons.push(
      createButton("Replay", () => replay(entry.id), { id: "replay-button" }),
      createButton("Edit…", () => editAndReplay(shown), {
        id: "edit-button",
        title: "Edit the event and send it again",
      }),
    );
  }
  if (entry.http) {
    buttons.push(createButton("Copy curl", () => copyCurl(entry.id), { id: "curl-button" }));
  }
  buttons.push(createButton("Copy link", () => copyLink(entry.id), { id: "link-button" }));
  return createElement("div", { className: "bar-of-actions" }, ...buttons);
}

function renderAbout(entry) {
  const duration = entry.inProgress ? "in progress" : entry.ms && `${formatMilliseconds(entry.ms)} ms`;
  const className = `badge ${entry.ok === false ? "bad" : ""}`;
  return createElement(
    "p",
    { className: "about" },
    kindLabel(entry.kind),
    entry.status && createElement("span", { className }, entry.status),
    createElement("span", {}, formatTime(entry.began)),
    duration && createElement("span", {}, duration),
    entry.imported && createElement("span", { className: "badge" }, "imported"),
  );
}

function renderOverview(entry, steps, note, actions) {
  const request = entry.http && headerValue(entry.http.requestHeaders, "content-type");
  const response = entry.http && headerValue(entry.http.responseHeaders ?? [], "content-type");
  return [
    note && createElement("p", { className: "note" }, note),
    steps.length > 0 && renderWaterfall(entry, steps, actions.select),
    renderBody("Payload", entry.content, request ?? "", actions.copy),
    renderBody("Answer", entry.answer, response ?? "", actions.copy),
    renderFacts(entry, actions.search),
  ];
}

function renderFacts(entry, search) {
  const link = (field, value) =>
    createButton(value, () => search(field, value), { className: "link", title: `Show entries with this ${field}` });
  const facts = {
    entry: String(entry.id),
    hub: entry.hub,
    user: entry.user && link("user", entry.user),
    connection: entry.connection && link("id", entry.connection),
    ...entry.facts,
  };
  if (entry.receivers.length) {
    const names = entry.receivers.map(([connection, user]) => connectionName(connection, user));
    const more = entry.receiverCount - names.length;
    facts.receivers = names.join(", ") + (more > 0 ? ` and ${more} more` : "");
  }
  const isGiven = ([, value]) => value !== null && value !== undefined && value !== "";
  return createFacts(Object.fromEntries(Object.entries(facts).filter(isGiven)));
}
