// Shows a message of any age in its place, with what was said around it, and leads back to where one was. Each jump is an
// entry of the browser's history: it has the address of the message, and the one before it keeps the place that was left.
import { byId, createElement, loadStyle, setContent } from "./dom.js";
import { formatDate, formatTime } from "./format.js";

const MARK_MS = 3000;

/** Returns what jumps. `page` is what panels are given; `enter` opens another room. */
export function createJump(page, enter) {
  const { chat, screen, announce } = page;
  const log = byId("log");
  const bar = createBar({ onBack: () => history.back(), onDismiss: dismiss });
  let target; // { room, id?, seq?, isMarked }: the message that is to be shown
  let isAsked = false;
  let wasAway = false; // from the end, since the last jump

  loadStyle("panels/panels.css");
  log.addEventListener("scroll", onScroll);

  function begin(next) {
    target = next;
    wasAway = false;
    bar.say("");
    screen.scheduleRender();
  }

  // The message in the middle of the view, or the end of the room.
  function currentPlace() {
    if (screen.messageList.isAtEnd()) return { isEnd: true };
    const { top, bottom } = log.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    const distance = (item) => Math.abs(item.getBoundingClientRect().top - middle);
    const items = [...log.querySelectorAll(".message")].sort((a, b) => distance(a) - distance(b));
    const entry = items.map(({ id }) => chat.room.entries.get(id)).find((known) => known?.seq);
    return entry ? { id: entry.id, seq: entry.seq, isPlace: true } : { isEnd: true };
  }

  function isInView(element) {
    if (!element) return false;
    const { top, bottom } = element.getBoundingClientRect();
    const view = log.getBoundingClientRect();
    return top >= view.top && bottom <= view.bottom;
  }

  function onScroll() {
    if (target || !history.state?.isJump) return;
    if (wasAway && screen.messageList.isAtEnd()) dismiss();
    else wasAway ||= !screen.messageList.isAtEnd();
  }

  function dismiss() {
    bar.say("");
    if (history.state?.isJump) history.replaceState({ ...history.state, isJump: false }, "");
    updateBar();
  }

  function updateBar() {
    bar.showBack(Boolean(history.state?.isJump));
  }

  function find() {
    const { entries } = chat.room;
    const { id, seq } = target;
    const entry = id ? entries.get(id) : [...entries.values()].find((known) => known.seq === seq && known.from);
    return entry?.sentAt ? entry : undefined;
  }

  async function ask() {
    const { room, id, seq } = target;
    const asked = target;
    isAsked = true;
    bar.say("Loading the message…");
    try {
      await chat.request("around", { room, ...(id ? { id } : { seq }) });
      if (asked === target && !find()) await fail({ code: "unknown_message" });
    } catch (problem) {
      const refusal = /** @type {any} */ (problem);
      if (asked === target && refusal.code !== "offline") await fail(refusal);
    }
    isAsked = false;
    screen.scheduleRender();
  }

  async function fail(refusal) {
    stop();
    bar.say(await page.describeRefusal(refusal));
  }

  function stop() {
    target = undefined;
  }

  // The rendering that has the message was just done.
  function arrive(entry) {
    const { isMarked } = target;
    stop();
    screen.showMessage(entry.id);
    screen.scheduleRender(); // what depends on the place follows
    bar.say("");
    if (!isMarked) return;
    noteAddress(`#${chat.room.name}/${entry.seq}`);
    arriveAt(entry);
  }

  function arriveAt(entry) {
    stop();
    const element = byId(entry.id);
    element?.focus({ preventScroll: true, focusVisible: true });
    mark(element);
    openFold(element);
    const date = new Date(entry.sentAt);
    const what = entry.deletedAt ? "A deleted message" : "A message";
    announce(`${what} of ${entry.from}, ${formatDate(date)}, ${formatTime(date)}`);
  }

  function noteAddress(address) {
    if (location.hash === address) return;
    const isEntered = history.state?.isJump && !location.hash.includes("/");
    if (isEntered) history.replaceState(history.state, "", address);
    else history.pushState({ isJump: true }, "", address);
  }

  return {
    /** Leaves the place where the reader is for a message `{ id }` or `{ seq }` of a room. */
    goTo(room, { id, seq }) {
      target = { room, id, seq, isMarked: true };
      if (room === chat.room.name && isInView(byId(find()?.id))) {
        arriveAt(find());
        return;
      }
      history.replaceState({ ...history.state, place: currentPlace() }, "");
      if (room !== chat.room.name) {
        history.pushState({ isJump: true }, "", `#${room}`);
        enter(room);
      }
      begin({ room, id, seq, isMarked: true });
    },

    /** Comes to the message that the address names, or back to a place that was left. */
    comeTo(room, { id, seq, isPlace, isEnd }) {
      history.replaceState({ ...history.state, place: undefined }, "");
      bar.say("");
      if (isEnd) {
        screen.showEnd();
        log.focus({ preventScroll: true });
      } else begin({ room, id, seq, isMarked: !isPlace });
      updateBar();
    },

    /** Returns whether a message is about to be shown: what is in view meanwhile is not read. */
    isActive: () => Boolean(target),

    /** Goes on after a rendering. */
    update() {
      updateBar();
      if (!target) return;
      if (chat.room.name !== target.room) {
        stop();
        bar.say("");
        return;
      }
      const entry = find();
      const isJoined = chat.room.membership === "joined" && chat.connectionState.name === "live";
      if (entry) arrive(entry);
      else if (isJoined && !isAsked) ask();
    },
  };
}

// What was looked for may stand in the hidden part of a long text.
async function openFold(element) {
  const text = element?.querySelector(".folded");
  if (text) (await import("./fold.js")).openText(text);
}

function mark(element) {
  if (!element) return;
  element.dataset.found = "";
  setTimeout(() => delete element.dataset.found, MARK_MS);
}

// What stands over the conversation after a jump.
function createBar({ onBack, onDismiss }) {
  const text = createElement("span", { role: "status" });
  const back = createElement("button", { onclick: onBack }, "← Back");
  const dismiss = createElement("button", { onclick: onDismiss, ariaLabel: "Dismiss" }, "✕");
  const bar = createElement("div", { id: "jump-bar", hidden: true }, text, back, dismiss);
  byId("conversation").append(bar);
  let canGoBack = false;
  let shown = "";

  function update() {
    back.hidden = !canGoBack;
    bar.hidden = !canGoBack && !shown;
  }

  return {
    say(words) {
      shown = words;
      setContent(text, words);
      update();
    },

    showBack(isShown) {
      canGoBack = isShown;
      update();
    },
  };
}
