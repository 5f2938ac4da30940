// A panel about the current room, and what the server tells of the room while it is open.
import { createElement } from "../view/dom.js";

const AFTER_ACT_MS = 150; // several acts at once are one question

/**
 * Returns a panel that is built anew when another room becomes the current one. `build` gets the room, and returns its
 * `elements`, `update`, and `stop`.
 */
export function createRoomPanel(page, title, build) {
  const content = createElement("div", { className: "room-panel" });
  let room;
  let parts;

  function update() {
    if (room !== page.chat.room) {
      parts?.stop();
      room = page.chat.room;
      parts = build(room);
      content.replaceChildren(...parts.elements);
    }
    parts.update();
  }

  update();
  return { title, content, update, onClose: () => parts.stop() };
}

/**
 * Asks the server about a room: now, after every act of moderation in it, and after a reconnection. `events` returns which
 * questions; `onAnswers` gets the answers by event, with those that were refused left out. Returns `refresh` and `stop`.
 */
export function followRoom(chat, room, events, onAnswers) {
  let timer = 0;
  let isStopped = false;
  let wasLive = true;

  async function refresh() {
    const answers = {};
    await Promise.all(
      events().map(async (event) => {
        answers[event] = await chat.request(event, { room: room.name }).catch(() => undefined);
      }),
    );
    if (!isStopped) onAnswers(answers);
  }

  function onAct(frame) {
    if (frame.room !== room.name) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, AFTER_ACT_MS);
  }

  chat.receivers.set("moderation", onAct);
  refresh();
  return {
    refresh,

    /** Asks again when the connection has come back; to be called after every rendering. */
    checkConnection() {
      const isLive = chat.connectionState.name === "live";
      if (isLive && !wasLive) refresh();
      wasLive = isLive;
    },

    stop() {
      isStopped = true;
      clearTimeout(timer);
      if (chat.receivers.get("moderation") === onAct) chat.receivers.delete("moderation");
    },
  };
}
