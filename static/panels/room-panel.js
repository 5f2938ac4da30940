// A panel about the current room, and what the server tells of the room while it is open.
import { byId, createElement } from "../view/dom.js";
import { createOutcome } from "./controls.js";

const AFTER_ACT_MS = 150; // several acts at once are one question

/**
 * Returns a panel that is built anew when another room becomes the current one. `build` gets the room and what updates the
 * panel; it returns its `elements`, `update`, and `stop`.
 */
export function createRoomPanel(page, title, build) {
  const content = createElement("div", { className: "room-panel" });
  let room;
  let parts;

  function update() {
    const focused = content.contains(document.activeElement) ? document.activeElement : undefined;
    const section = focused?.closest("section");
    if (room !== page.chat.room) {
      parts?.stop();
      room = page.chat.room;
      parts = build(room, update);
      content.replaceChildren(...parts.elements);
    }
    parts.update();
    if (focused && isFocusLost()) findHeading(section).focus();
  }

  update();
  return { title, content, update, onClose: () => parts.stop() };
}

function isFocusLost() {
  return document.activeElement === document.body || !document.activeElement?.checkVisibility();
}

function findHeading(section) {
  const heading = section?.querySelector("h3");
  return heading?.checkVisibility() ? heading : byId("panel-title");
}

/**
 * Asks the server about a room, once it is joined, after every act of moderation in it, and after a reconnection. `events`
 * returns which questions; `onAnswers` gets the answers by event. Returns the `element` that says why there is no answer,
 * `check` (to be called by every update), `refresh` and `stop`.
 */
export function followRoom(chat, room, events, onAnswers) {
  const problem = createOutcome();
  let timer = 0;
  let isStopped = false;
  let wasReady = false;

  async function refresh() {
    const asked = events();
    try {
      const answers = await Promise.all(asked.map((event) => chat.request(event, { room: room.name })));
      if (isStopped) return;
      problem.clear();
      onAnswers(Object.fromEntries(asked.map((event, index) => [event, answers[index]])));
    } catch (refusal) {
      // A room that was left meanwhile is not shown any more.
      if (!isStopped && room.membership === "joined") problem.fail(refusal);
    }
  }

  function onAct(frame) {
    if (frame.room !== room.name) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, AFTER_ACT_MS);
  }

  chat.receivers.set("moderation", onAct);
  return {
    element: problem.element,
    refresh,

    check() {
      const isReady = chat.connectionState.name === "live" && room.membership === "joined";
      if (isReady && !wasReady) refresh();
      wasReady = isReady;
    },

    stop() {
      isStopped = true;
      clearTimeout(timer);
      if (chat.receivers.get("moderation") === onAct) chat.receivers.delete("moderation");
    },
  };
}
