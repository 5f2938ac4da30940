// Searches messages in this room or in all rooms, by words, person and date. A result opens in its place.
import { excerptOf, parseWords } from "../client/search-words.js";
import { createSearch } from "../client/search.js";
import { titleOf } from "../client/room.js";
import { createElement, setContent } from "../view/dom.js";
import { formatDate, formatDay, formatTime } from "../view/format.js";

const MAX_SUGGESTIONS = 100;
const formatMoment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format;

// What was searched last, for who comes back: { chat, values, room, opened, search, show }
let last;

/** Returns the panel of the search. */
export function createPanel(page) {
  const { chat } = page;
  if (last?.chat !== chat) last = { chat, values: { scope: "room" }, search: createLastSearch(page) };
  const form = createForm(last.values);
  const status = createElement("p", { id: "search-status", role: "status" });
  const list = createResultList(page);
  const more = createElement("button", { id: "search-more", type: "button", onclick: () => last.search.more() });
  const content = createElement("div", { id: "search" }, form.element, status, list.element, more);

  function search() {
    const { text, from, after, before, scope } = (last.values = form.values());
    last.room = chat.room.name; // "this room" is the one that is open
    last.search.search({
      text: text.trim(),
      room: scope === "room" ? last.room : null,
      ...(from && { from: findUser(from, chat) ?? from.trim() }),
      ...(after && { after: startOfDay(after) }),
      ...(before && { before: startOfDay(before, 1) }),
    });
  }

  async function show() {
    const state = last.search.state();
    list.show(state.messages, parseWords(last.values.text ?? ""));
    const label = describeMore(state);
    if (!label && document.activeElement === more) list.buttons().at(-1)?.focus();
    setContent(more, label);
    const text = state.refusal ? await page.describeRefusal(state.refusal) : describeState(state);
    if (state === last.search.state()) setContent(status, text);
  }

  async function openResult(button) {
    const { room, seq } = button.dataset;
    last.opened = button.id;
    if (matchMedia("(max-width: 1100px)").matches) page.panels.close();
    else list.markOpened();
    await page.screen.showEntry(room, { seq: Number(seq) });
  }

  function moveFocus(event) {
    const stops = [form.box, ...list.buttons()];
    const index = stops.indexOf(event.target);
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const stop = index >= 0 && (event.key === "Home" && index ? stops[1] : stops[index + steps[event.key]]);
    if (!stop) return;
    event.preventDefault();
    stop.focus();
  }

  // A name that is being typed is nobody's yet.
  form.element.addEventListener("input", ({ target }) => {
    if (target !== form.from || !target.value || findUser(target.value, chat)) search();
  });
  form.from.addEventListener("change", search);
  form.element.addEventListener("submit", (event) => {
    event.preventDefault();
    list.buttons()[0]?.focus();
  });
  content.addEventListener("keydown", moveFocus);
  list.element.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) openResult(button);
  });
  last.show = show;
  suggestPeople(form.people, chat);
  update();
  show();
  form.box.select();

  function update() {
    if (last.values.scope === "room" && last.room && last.room !== chat.room.name) search();
  }

  return {
    title: "Search",
    content,
    update,
    onClose() {
      last.show = undefined;
    },
  };
}

function createLastSearch({ chat }) {
  return createSearch({ request: (event, data) => chat.request(event, data), onChange: () => last.show?.() });
}

// The results by day. One that is shown already stays, and keeps the focus.
function createResultList(page) {
  const element = createElement("div", { id: "search-results" });
  let shown = [];
  let day = "";

  const buttons = () => [...element.querySelectorAll("button")];

  function add(message, words) {
    const date = new Date(message.sentAt);
    if (day !== date.toDateString()) {
      day = date.toDateString();
      const heading = createElement("h3", {}, formatDay(date, Date.now()));
      element.append(createElement("section", {}, heading, createElement("ul", { role: "list" })));
    }
    element.lastElementChild?.lastElementChild?.append(createElement("li", {}, resultButton(message, words, page)));
  }

  function markOpened() {
    for (const button of buttons()) button.ariaCurrent = button.id === last.opened ? "true" : null;
  }

  return {
    element,
    buttons,
    markOpened,

    show(messages, words) {
      if (shown.some((message, index) => messages[index] !== message)) {
        element.replaceChildren();
        shown = [];
        day = "";
      }
      for (const message of messages.slice(shown.length)) add(message, words);
      shown = messages;
      markOpened();
    },
  };
}

function createForm(known) {
  const box = createElement("input", {
    type: "search",
    name: "text",
    value: known.text ?? "",
    placeholder: "Search messages",
    ariaLabel: "Search messages",
    maxLength: 200,
    autocomplete: "off",
    enterKeyHint: "search",
  });
  box.setAttribute("autofocus", "");
  const people = createElement("datalist", { id: "search-people" });
  const from = createElement("input", { name: "from", value: known.from ?? "", autocomplete: "off" });
  from.setAttribute("list", people.id);
  const dates = ["after", "before"].map((name) =>
    createElement("input", { type: "date", name, value: known[name] ?? "" }),
  );
  const scope = createElement("fieldset", {}, createElement("legend", { className: "visually-hidden" }, "Where"));
  for (const [value, label] of [
    ["room", "This room"],
    ["all", "All my rooms"],
  ]) {
    const choice = createElement("input", { type: "radio", name: "scope", value, checked: known.scope === value });
    scope.append(createElement("label", {}, choice, label));
  }
  const filters = createElement(
    "details",
    { open: Boolean(known.from || known.after || known.before) },
    createElement("summary", {}, "By person or date"),
    labelled("From", from),
    labelled("Since", dates[0]),
    labelled("Until", dates[1]),
    people,
  );
  const element = createElement("form", { role: "search" }, box, scope, filters);
  return {
    element,
    box,
    from,
    people,
    values: () => /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(element))),
  };
}

function labelled(text, input) {
  return createElement("label", {}, createElement("span", {}, text), input);
}

// The people here, and those who spoke lately.
function suggestPeople(list, chat) {
  const speakers = [...chat.room.entries.values()].filter(({ from }) => from).map(({ user, from }) => user ?? from);
  const users = new Set([...chat.room.roster.users, ...speakers.reverse()].slice(0, MAX_SUGGESTIONS));
  list.append(...[...users].map((user) => createElement("option", { value: labelOf(user, chat) })));
}

// Two users may have one name, where an identity provider gives it: then the id tells them apart.
function labelOf(user, chat) {
  const name = chat.nameOf(user);
  const isShared = [...chat.names.entries()].some(([other, otherName]) => otherName === name && other !== user);
  return isShared ? `${name} (${user})` : name;
}

// The user whose name or id was typed, if one is known.
function findUser(label, chat) {
  const wanted = label.trim().toLowerCase();
  const speakers = [...chat.room.entries.values()].map(({ user }) => user).filter(Boolean);
  const known = new Set([...chat.names.keys(), ...chat.room.roster.users, ...speakers]);
  return [...known].find((user) => [labelOf(user, chat), user].some((text) => text.toLowerCase() === wanted));
}

// The days of the reader; the server counts in UTC.
function startOfDay(date, daysLater = 0) {
  const [year, month, day] = date.split("-").map(Number);
  return new Date(year, month - 1, day + daysLater).toISOString();
}

function describeState({ status, messages, hasMore, searched, reached }) {
  const count = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  const back = reached && `back to ${formatMoment(new Date(reached))}`;
  if (status === "searching") return back ? `Searching, ${back}…` : "Searching…";
  if (status === "idle") return "";
  if (hasMore) return `${messages.length ? `${count} so far` : "Nothing found yet"}, searched ${back}.`;
  return messages.length ? `${count}, everything searched.` : `Nothing found${searched ? "" : " here"}.`;
}

function describeMore({ status, messages, hasMore }) {
  if (status === "failed") return "Try again";
  if (!hasMore) return "";
  if (status === "searching") return "Searching…";
  return messages.length ? "Show more" : "Search further back";
}

function resultButton({ id, room, seq, from, message, sentAt }, words, { chat }) {
  const date = new Date(sentAt);
  const time = createElement("time", { dateTime: sentAt, title: formatDate(date) }, formatTime(date));
  const author = createElement("bdi", { className: "found-author" }, from);
  const known = chat.rooms.get(room);
  const where =
    room === chat.room.name ? "" : createElement("small", {}, "in ", roomName(known ? titleOf(known, chat) : room));
  const pieces = excerptOf(message, words).map(({ text, isFound }) =>
    isFound ? createElement("mark", {}, text) : text,
  );
  const excerpt = createElement("span", { className: "found-text", dir: "auto" }, ...pieces);
  const button = createElement("button", { type: "button", id: `found ${room} ${id}` }, author, where, time, excerpt);
  Object.assign(button.dataset, { room, seq });
  return button;
}

function roomName(title) {
  return createElement("bdi", {}, title);
}
