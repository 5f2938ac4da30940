// The page: it keeps what the service's event stream sends, applies the filters, and renders the views.
import { entryAddress, readAddress, VIEWS } from "./address.js";
import { createDetails } from "./details.js";
import { elementById } from "./elements.js";
import { createEntryList } from "./entry_list.js";
import { createFaultView } from "./fault_form.js";
import { createFilterForm } from "./filter_form.js";
import { createKeySheet } from "./key_sheet.js";
import { copyText, showNotice } from "./notice.js";
import { createRecordActions } from "./record_actions.js";
import { createRecordPages } from "./record_pages.js";
import { createReplay } from "./replay_form.js";
import { createRowList } from "./row_list.js";
import { createMatcher, prepareSearch, searchParameters, withField } from "./search_query.js";
import { renderConnections, renderHubs } from "./service_state.js";
import { requestJson, requestText } from "./service_requests.js";
import { createUsageView } from "./usage_view.js";

const MAX_ENTRIES = 10_000; // older ones are found by a search, in the record of the service

const entries = createEntryList(MAX_ENTRIES);
const heldEntries = new Map(); // by id: entries that arrived while the page is paused
let foundIds = new Set(); // of entries that contain what is searched for, as the service says
let serviceRun = null; // identifies one run of the service
let serviceState = null;
let isPaused = false;
let isLive = false;

const filterForm = createFilterForm({ onChange: applyFilters, onSubmit: selectFirst });
const showUsage = createUsageView();
const rows = createRowList(entries, { onOpen: (id) => openEntry(id), onStart: loadOlder });
const details = createDetails({
  select: (id) => openEntry(id),
  close: closeEntry,
  search: searchField,
  copy: copyText,
  copyLink,
  copyCurl,
  replay: (id) => replay.replay(id),
  editAndReplay: (shown) => replay.open(shown),
  markRelated: (ids) => rows.markRelated(ids),
});
const replay = createReplay((id) => openEntry(id));
const recordActions = createRecordActions(() => searchParameters(filterForm.read()));
const recordPages = createRecordPages({
  onOlder: addOlder,
  onFound: addFound,
  onError: (error) => showNotice(error, { isError: true }),
  lowestId: entries.lowestId,
});
const faultView = createFaultView();

// --- filters -----------------------------------------------------------------------

function applyFilters() {
  const current = filterForm.read();
  foundIds = new Set();
  entries.removeFound();
  entries.setMatcher(createMatcher({ ...current, found: foundIds }));
  rows.highlight(current.search.q);
  recordPages.begin(current);
  renderCount();
  renderFilteredConnections();
}

function addOlder(older) {
  prepareSearch(older);
  entries.addOlder(older);
  rows.schedule();
  renderCount();
}

// Shows also the entries that the service found in its record.
function addFound(found) {
  found.forEach(({ id }) => foundIds.add(id));
  entries.setMatcher(createMatcher({ ...filterForm.read(), found: foundIds }));
  prepareSearch(found);
  entries.addFound(found);
  rows.schedule();
  renderCount();
}

// The list shows its first row: what came before it may be in the record.
function loadOlder() {
  if (isLive && entries.size < MAX_ENTRIES) {
    recordPages.loadOlder();
  }
}

function searchField(name, value) {
  location.hash = "flow";
  filterForm.setSearch(withField(filterForm.searchText(), name, value));
}

// --- what the service tells --------------------------------------------------------

// Adds new entries, and replaces those that have changed.
function addEntries(changed) {
  if (isPaused) {
    changed.forEach((entry) => heldEntries.set(entry.id, entry));
  } else {
    prepareSearch(changed);
    entries.add(changed);
    rows.schedule();
    details.scheduleRefresh();
    recordPages.lookAgain();
    renderCount();
    recordActions.refreshSize();
  }
  renderStatus();
}

function removeEntries() {
  entries.clear();
  heldEntries.clear();
  foundIds.clear();
  recordPages.begin(filterForm.read());
  rows.forgetSeen();
  rows.followEnd();
  closeEntry();
  renderCount();
  renderStatus();
}

function renderServiceState() {
  const hubNames = serviceState.hubs.map(({ name }) => name);
  filterForm.renderHubs(hubNames);
  elementById("connection-count").textContent = serviceState.connectionCount || "";
  elementById("hub-count").textContent = hubNames.length || "";
  elementById("fault-count").textContent = serviceState.faults.length || "";
  renderHubs(serviceState);
  faultView.renderFaults(serviceState.faults);
  renderFilteredConnections();
}

function renderFilteredConnections() {
  if (serviceState) {
    const { search, hub } = filterForm.read();
    renderConnections(serviceState, { search, hub }, (id) => searchField("id", id));
  }
}

function renderCount() {
  const [shown, total] = [entries.shown.length, entries.size];
  const count = total.toLocaleString("en");
  const all = `${count} ${total === 1 ? "entry" : "entries"}`;
  elementById("count").textContent = shown === total ? all : `${shown.toLocaleString("en")} of ${all}`;
  elementById("error-count").textContent = entries.errorCount ? entries.errorCount.toLocaleString("en") : "";
  const notice = elementById("nothing");
  notice.hidden = shown > 0;
  notice.textContent = total
    ? "No entry matches the filters."
    : "Nothing has happened yet. Connect a client, and its frames and events are listed here.";
}

function renderStatus() {
  const status = elementById("status");
  if (!isLive) {
    status.className = "bad";
    status.textContent = "The service does not answer. Trying again…";
  } else if (isPaused) {
    status.className = "paused";
    status.textContent = heldEntries.size ? `Paused · ${heldEntries.size.toLocaleString("en")} new` : "Paused";
  } else {
    status.className = "live";
    status.textContent = "Live";
  }
}

// A restarted service numbers its entries from 1 again.
function onHello({ run, forms }) {
  if (serviceRun !== null && serviceRun !== run) {
    removeEntries();
  }
  serviceRun = run;
  faultView.setForms(forms);
  isLive = true;
  renderStatus();
  recordActions.refreshSize();
}

function openStream() {
  const stream = new EventSource("inspector/stream");
  stream.addEventListener("hello", ({ data }) => onHello(JSON.parse(data)));
  stream.addEventListener("entries", ({ data }) => addEntries(JSON.parse(data)));
  stream.addEventListener("cleared", removeEntries);
  stream.addEventListener("state", ({ data }) => {
    serviceState = JSON.parse(data);
    renderServiceState();
  });
  stream.addEventListener("error", () => {
    isLive = false;
    renderStatus();
  });
}

function setPaused(paused) {
  isPaused = paused;
  const button = elementById("pause");
  button.textContent = paused ? "Resume" : "Pause";
  button.ariaPressed = String(paused);
  if (!paused) {
    const missed = [...heldEntries.values()];
    heldEntries.clear();
    addEntries(missed);
  }
  renderStatus();
}

// --- one entry ---------------------------------------------------------------------

// `replaces` the address instead of adding one to the history: while a person goes through the list.
function openEntry(id, { replaces = false } = {}) {
  if (replaces) {
    history.replaceState(null, "", entryAddress(id));
    showAddress();
  } else {
    location.hash = entryAddress(id);
  }
}

function closeEntry() {
  if (readAddress(location.hash).entry !== null) {
    location.hash = "flow";
  }
}

function copyLink(id) {
  copyText(new URL(entryAddress(id), location.href).href, "link");
}

async function copyCurl(id) {
  const { text, error } = await requestText(`entries/${id}/curl`);
  if (error) {
    showNotice(error, { isError: true });
  } else {
    copyText(text, "curl command");
  }
}

function showAddress() {
  const { view, entry } = readAddress(location.hash);
  const wasOpen = details.shownId() !== null;
  showView(view);
  if (entry !== null) {
    details.show(entry);
    rows.select(entry);
  } else if (wasOpen) {
    details.hide();
    rows.focus();
  }
}

function showView(shown) {
  for (const view of VIEWS.filter((name) => name !== "usage")) {
    elementById(view).hidden = view !== shown;
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${shown}`) {
      link.ariaCurrent = "page";
    } else {
      link.removeAttribute("aria-current");
    }
  }
  filterForm.showFor(shown);
  showUsage(shown === "usage");
}

// --- keys --------------------------------------------------------------------------

function moveTo(id) {
  if (id === null) {
    return;
  }
  if (details.shownId() !== null) {
    openEntry(id, { replaces: true });
  } else {
    rows.select(id);
  }
}

function selectFirst() {
  rows.focus();
  moveTo(rows.firstId());
}

function closeOrEmpty() {
  if (details.shownId() !== null) {
    closeEntry();
  } else if (filterForm.searchText()) {
    filterForm.setSearch("");
  } else {
    rows.focus();
  }
}

function withEntry(act) {
  const id = details.shownId() ?? rows.selectedId();
  if (id !== null) {
    act(id);
  }
}

async function editSelected(id) {
  const shown = details.shown() ?? (await requestJson(`entries/${id}`));
  if (shown.entry?.kind === "webhook" && !shown.entry.imported) {
    replay.open(shown);
  } else {
    showNotice("Only an event that was sent to a handler can be sent again.");
  }
}

createKeySheet({
  search: filterForm.focusSearch,
  errors: filterForm.toggleErrors,
  next: () => moveTo(rows.idAt(1)),
  previous: () => moveTo(rows.idAt(-1)),
  first: () => moveTo(rows.firstId()),
  last: () => moveTo(rows.lastId()),
  open: () => withEntry(openEntry),
  tab: (key) => details.moveTab(key === "]" ? 1 : -1),
  curl: () => withEntry(copyCurl),
  link: () => withEntry(copyLink),
  replay: () => withEntry(editSelected),
  pause: () => setPaused(!isPaused),
  close: closeOrEmpty,
});
elementById("pause").addEventListener("click", () => setPaused(!isPaused));
addEventListener("hashchange", showAddress);
applyFilters();
showAddress();
openStream();
