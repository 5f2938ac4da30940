// The page: who the user is, the chat, and what the browser's events mean for it.
import { createActions } from "./actions.js";
import { Chat } from "./client/chat.js";
import { createComposer } from "./view/composer.js";
import { byId, setContent } from "./view/dom.js";
import { createScreen } from "./view/screen.js";
import { signIn } from "./view/sign-in.js";
/** @import { Entry } from "./client/types.js" */
/** @import { Task } from "./view/composer.js" */

const STATUS_MS = 500;
const OTHER_ROOMS_MS = 60_000;
const MAX_QUOTE_LENGTH = 120;

const { session, me } = await signIn();

const chat = new Chat({
  me,
  userId: session.auth === "open" ? me : undefined,
  lobby: session.lobby,
  storage: localStorage,
  onChange: () => screen.scheduleRender(),
  onFirstPage: () => screen.settle(),
  onMove: (room) => {
    setAddress(room);
    openAddressedRoom();
  },
});

const screen = createScreen(chat, session.auth);

const composer = createComposer({
  maxBytes: session.limits.messageBytes,
  onSend: sendText,
  onTyping: () => chat.send("typing"),
  onEditLast: () => actions.editLastMessage(),
});

const actions = createActions({ chat, session, screen, composer });

/**
 * The address names the current room. Setting another one fires `hashchange`.
 * @param {string} room
 */
function setAddress(room) {
  location.hash = room.trim().replace(/^#/, "").toLowerCase();
}

function openAddressedRoom() {
  chat.openRoom(location.hash.slice(1) || session.lobby);
  screen.clearUnreadMark();
  composer.open(chat.room.name);
  byId("rooms").hidePopover();
  screen.showRoom();
}

/**
 * @param {string} text
 * @param {Task} task
 */
function sendText(text, task) {
  if (task.kind === "edit") {
    chat.send("edit", { id: task.target.id, message: text });
    return;
  }
  screen.clearUnreadMark();
  screen.showEnd();
  chat.say(text, task.kind === "reply" ? quote(task.target) : undefined);
}

/** @param {Entry} message */
function quote({ id, from = "", message = "" }) {
  const [firstLine = ""] = message.split("\n");
  return { id, from, message: firstLine.slice(0, MAX_QUOTE_LENGTH) };
}

function onVisibilityChange() {
  if (document.hidden) {
    screen.clearUnreadMark();
    return;
  }
  chat.probe();
  screen.showRoom();
}

addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button") : null;
  if (button) actions.run(button);
});
addEventListener("hashchange", openAddressedRoom);
addEventListener("online", () => chat.probe());
addEventListener("offline", () => chat.probe());
addEventListener("pagehide", () => chat.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload(); // from the browser's cache of pages, which closed the connection
});
document.addEventListener("visibilitychange", onVisibilityChange);
byId("rooms").addEventListener("toggle", () => screen.updateOtherRooms());
byId("room-form", HTMLFormElement).addEventListener("submit", () => {
  setAddress(byId("new-room", HTMLInputElement).value);
  byId("room-form", HTMLFormElement).reset();
});

setContent(byId("my-name"), me);
byId("sign-in").hidden = true;
byId("chat").hidden = false;
chat.start();
openAddressedRoom();
screen.updateOtherRooms();
setInterval(() => screen.renderStatus(), STATUS_MS);
setInterval(() => screen.updateOtherRooms(), OTHER_ROOMS_MS);
