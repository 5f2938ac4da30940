// The choice of an emoji: all of them by group, recent ones, search, and a skin tone.
import { hasReacted } from "../client/outbox.js";
import { userStorage } from "../client/user-storage.js";
import { createElement, loadStyle, setContent } from "../view/dom.js";
import { placeBeside } from "../view/popover.js";
import { addRecent, findEmoji, keepDrawn, moveInGrids, readTable, withTone } from "./emoji-table.js";

const TABLE = new URL("emoji.txt", import.meta.url);
const LOAD_MS = 20_000;
const TONES = ["No skin tone", "Light", "Medium-light", "Medium", "Medium-dark", "Dark"];
const HAND = { emoji: "✋", light: "✋🏻" };
const NARROW = "(max-width: 760px)";
const RECENT_KEY = "emoji.recent";
const TONE_KEY = "emoji.tone";
const COLUMNS_IN_HEIGHT = 8; // for the height of groups that are not drawn yet

let table; // the groups, once they are loaded

/**
 * Returns what the buttons that open the choice do, by name. Recent ones and the skin tone are kept for the user.
 * @param {Record<string, any>} page
 */
export function createEmojiActions({ chat, composer }) {
  const storage = userStorage(localStorage, chat.me);
  return {
    "more-emoji": (message, button) => {
      return openPicker(button, storage, chat, (emoji) => {
        const on = !hasReacted(message, emoji, chat.me);
        chat.changeMessage({ kind: "react", target: message.id, emoji, on });
      });
    },
    "insert-emoji": (_, button) => openPicker(button, storage, chat, composer.insert),
  };
}

async function openPicker(opener, storage, chat, onPick) {
  try {
    await Promise.all([loadStyle("panels/panels.css"), loadTable()]);
  } catch {
    chat.addNotice(chat.room, "The emoji could not be loaded. Try again when you are connected.", "error");
    return;
  }
  document.getElementById("emoji-picker")?.remove();
  const picker = createPicker(storage, (emoji) => {
    picker.hidePopover();
    onPick(emoji);
  });
  document.body.append(picker);
  picker.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    picker.remove();
    if (document.activeElement === document.body) focusAfter(opener);
  });
  picker.showPopover();
  if (!matchMedia(NARROW).matches) placeBeside(picker, opener);
}

// A button of a message is hidden by now.
function focusAfter(opener) {
  const stop = opener.checkVisibility() ? opener : opener.closest(".message");
  stop?.focus();
}

async function loadTable() {
  if (table) return;
  const answer = await fetch(TABLE, { signal: AbortSignal.timeout(LOAD_MS) });
  if (!answer.ok) throw new Error(`${TABLE.pathname} was answered with ${answer.status}`);
  table = keepDrawn(readTable(await answer.text()), createDrawingTest());
}

function createPicker(storage, onPick) {
  const state = { tone: Number(storage.getItem(TONE_KEY)), recent: readRecent(storage) };
  const grids = createElement("div", { className: "emoji-list" });
  const search = createElement("input", { type: "search", ariaLabel: "Search emoji", placeholder: "Search" });
  search.autofocus = matchMedia("(pointer: fine)").matches; // else the keyboard of the screen would cover the emoji
  const close = createElement("button", { ariaLabel: "Close" }, "✕");
  const head = createElement("div", { className: "emoji-head" }, search, close);
  const status = createElement("p", { className: "emoji-status", role: "status" });
  const foot = createElement("div", { className: "emoji-foot" }, status, createToneChoice(state.tone, chooseTone));
  const picker = createElement(
    "div",
    { id: "emoji-picker", role: "dialog", ariaLabel: "Emoji" },
    head,
    createJumps(),
    grids,
    foot,
  );
  picker.popover = "auto";

  function createJumps() {
    const jumps = table.map(({ name, list }) => {
      const jump = createElement("button", { title: name, ariaLabel: name }, list[0].emoji);
      jump.addEventListener("click", () => {
        search.value = "";
        show();
        [...grids.children].find(({ ariaLabel }) => ariaLabel === name)?.scrollIntoView();
      });
      return jump;
    });
    return createElement("div", { className: "emoji-groups" }, ...jumps);
  }

  function chooseTone(tone) {
    state.tone = tone;
    storage.setItem(TONE_KEY, String(tone));
    show();
  }

  function show() {
    const query = search.value.trim();
    const recent = { name: "Recently used", list: state.recent.map(knownEmoji).filter(Boolean) };
    const found = query ? findEmoji(table, query) : [];
    const groups = query ? [{ name: "Found", list: found }] : [recent, ...table];
    grids.replaceChildren(...groups.filter(({ list }) => list.length).map((group) => createGroup(group, state.tone)));
    grids.scrollTop = 0;
    const first = grids.querySelector(".emoji-grid button");
    if (first) first.tabIndex = 0;
    describe(query && (found.length ? `${found.length} emoji found` : `No emoji is found by “${query}”`));
  }

  function describe(text) {
    setContent(status, text || "\u00a0");
  }

  function pick(button) {
    state.recent = addRecent(state.recent, button.textContent);
    storage.setItem(RECENT_KEY, state.recent.join(" "));
    onPick(button.textContent);
  }

  function move(event) {
    const all = [...grids.querySelectorAll(".emoji-grid")];
    const { target: button, key } = event;
    const grid = all.indexOf(button.parentNode);
    const lengths = all.map(({ childElementCount }) => childElementCount);
    const columns = Math.max(1, Math.round(button.parentNode.clientWidth / button.offsetWidth));
    const index = [...button.parentNode.children].indexOf(button);
    const next = moveInGrids(lengths, { grid, index }, key, columns);
    if (next) focusButton(all[next.grid].children[next.index]);
    else if (key === "ArrowUp") search.focus();
    else return;
    event.preventDefault();
  }

  function focusButton(button) {
    for (const stop of grids.querySelectorAll('button[tabindex="0"]')) stop.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  }

  const buttonOf = ({ target }) => target.closest(".emoji-grid button");
  const name = (event) => buttonOf(event) && describe(buttonOf(event).ariaLabel);
  grids.addEventListener("click", (event) => buttonOf(event) && pick(buttonOf(event)));
  grids.addEventListener("keydown", (event) => buttonOf(event) && move(event));
  grids.addEventListener("pointerover", name);
  grids.addEventListener("focusin", name);
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    const first = grids.querySelector(".emoji-grid button");
    if (!first || !["ArrowDown", "Enter"].includes(event.key) || event.isComposing) return;
    event.preventDefault();
    if (event.key === "Enter") pick(first);
    else focusButton(first);
  });
  close.addEventListener("click", () => picker.hidePopover());
  show();
  return picker;
}

function createToneChoice(chosen, onChoose) {
  const options = TONES.map((name, tone) => {
    return createElement(
      "option",
      { value: String(tone), selected: tone === chosen },
      `${withTone(HAND, tone)} ${name}`,
    );
  });
  const choice = createElement("select", { ariaLabel: "Skin tone" }, ...options);
  choice.addEventListener("change", () => onChoose(Number(choice.value)));
  return choice;
}

function createGroup({ name, list }, tone) {
  const buttons = list.map((one) => {
    return createElement("button", { tabIndex: -1, ariaLabel: one.name }, one.shown ?? withTone(one, tone));
  });
  const grid = createElement("div", { className: "emoji-grid" }, ...buttons);
  const title = createElement("p", { ariaHidden: true }, name);
  const group = createElement("div", { role: "group", ariaLabel: name }, title, grid);
  group.style.containIntrinsicBlockSize = `auto ${Math.ceil(list.length / COLUMNS_IN_HEIGHT) * 40 + 30}px`;
  return group;
}

function readRecent(storage) {
  return (storage.getItem(RECENT_KEY) ?? "").split(" ").filter(Boolean);
}

// Recent ones keep the tone in which they were used.
function knownEmoji(emoji) {
  const plain = (text) => text.replace(/[\p{Emoji_Modifier}\ufe0f]/gu, "");
  const known = table.flatMap(({ list }) => list).find((one) => plain(one.emoji) === plain(emoji));
  return known && { ...known, shown: emoji };
}

// Tells whether the browser has a picture of an emoji: in colours, and as wide as one. Where nothing is in colours, it says yes.
function createDrawingTest() {
  const canvas = createElement("canvas", { width: 24, height: 24 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.font = '16px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
  const isColoured = (emoji) => {
    context.clearRect(0, 0, 24, 24);
    context.fillText(emoji, 0, 18);
    const { data } = context.getImageData(0, 0, 24, 24);
    return data.some((value, index) => index % 4 === 0 && (value !== data[index + 1] || value !== data[index + 2]));
  };
  const widthOf = (emoji) => context.measureText(emoji).width;
  const common = widthOf("😀");
  if (!isColoured("😀")) return () => true;
  return (emoji) => isColoured(emoji) && widthOf(emoji) < common * 1.5;
}
