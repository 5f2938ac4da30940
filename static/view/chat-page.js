// The chat, its screen, and what buttons and the browser's events do.
import { Chat } from "../client/chat.js";
import { isOwn } from "../client/log.js";
import { userStorage } from "../client/user-storage.js";
import { createMessageActions, createPageActions } from "./actions.js";
import { createComposer } from "./composer.js";
import { byId, isEmbedded, setContent } from "./dom.js";
import { listenToLog } from "./message-list.js";
import { createAddresses, createKeyboard, createPanels } from "./navigation.js";
import { describeFrame } from "./news.js";
import { createScreen } from "./screen.js";

const STATUS_MS = 500;
const OTHER_ROOMS_MS = 60_000;
const BACKGROUND_MS = 3000; // what the user sees first comes first
const MAX_QUOTE_LENGTH = 200; // as the server quotes
const RENAMED = ["invalid_name", "name_taken"]; // refusals that another name ends

// What is needed now and then is loaded then.
const loadRefusals = () => import("./refusals.js");
const loadSharing = () => import("./sharing.js");
const describeRefusal = async (refusal) => (await loadRefusals()).describeRefusal(refusal);

/** Shows the chat to the session's user. */
export function showChat(session) {
  const { me, name, auth, lobby, limits } = session;
  const own = userStorage(localStorage, me);

  let wasLive = false;

  const chat = new Chat({
    me,
    name,
    userId: auth === "open" ? me : undefined,
    lobby,
    storage: localStorage,
    onChange() {
      const state = chat.connectionState;
      wasLive ||= state.name === "live";
      if (!wasLive && state.name === "waiting" && state.refused && RENAMED.includes(state.code ?? "")) {
        askForNameAgain(state.refused);
      }
      screen.scheduleRender();
      page.history?.note();
    },
    describeRefusal: async (refusal) => announce(await describeRefusal(refusal)),
    onMistyped: async (item, refusal) => (await loadRefusals()).returnCommand(page, item, refusal),
    onFirstPage: () => screen.showStart(),
    describe(frame) {
      if (frame.type === "link") loadSharing().then(({ shareLink }) => shareLink(chat, frame));
      return describeFrame(frame, chat);
    },
    onMove: (room) => {
      addresses.set(room);
      addresses.open();
    },
  });
  const frame = createFrame(chat);
  const screen = createScreen(chat, auth, { onRendered, isSeen, retentionDays: session.retentionDays });
  const composer = createComposer({
    chat,
    maxBytes: limits.messageBytes,
    onTyping: () => chat.request("typing").catch(() => {}), // nobody misses a signal that did not arrive
    storage: own,
    onSend: sendText,
    onEditLast: editLastMessage,
  });

  // What panels may use.
  /** @type {Record<string, any>} */
  const page = { chat, screen, composer, session, announce, describeRefusal, acceptInvitation };
  const addresses = createAddresses(page, lobby, acceptInvitation);
  Object.assign(page, { openRoom: addresses.set, screen: { ...screen, showEntry: addresses.showEntry } });
  const panels = (page.panels = createPanels(page));
  page.openPerson = (user) => panels.open("person", { user });
  addEventListener("pointerdown", async () => (await import("./drawers.js")).createDrawers(panels), { once: true });
  createKeyboard(panels);

  // What a button with a `data-action` does, to the message that it belongs to.
  const actions = {
    ...createMessageActions(chat, composer, announce),
    ...createPageActions(page),
  };

  function onRendered() {
    for (const part of [panels, addresses, frame]) part.update();
    page.updateAttention?.();
  }

  function isSeen() {
    return !addresses.isJumping() && frame.isSeen();
  }

  // The first screen says why.
  function askForNameAgain(reason) {
    sessionStorage.clear();
    sessionStorage.setItem("chat.refusal", reason);
    location.reload();
  }

  function sendText(text, { kind, target }, mentions) {
    if (kind === "edit") {
      chat.changeMessage({ kind: "edit", target: target.id, message: text, mentions });
      return;
    }
    screen.clearUnreadMark();
    screen.showEnd();
    chat.sendMessage(
      text,
      target && { id: target.id, from: target.from, user: target.user, message: quoteLine(target.message) },
      mentions,
    );
  }

  function editLastMessage() {
    const target = chat.shownEntries().findLast((entry) => isOwn(entry, me) && !entry.deletedAt);
    if (target) composer.begin({ kind: "edit", target });
    return Boolean(target);
  }

  // `~room` or, from a link, `~room.secret`
  function acceptInvitation(invitation) {
    const [room, secret] = invitation.split(".");
    chat.invitations.accept(room, secret);
  }

  function onVisibilityChange() {
    chat.setVisible(!document.hidden);
    if (document.hidden) {
      screen.clearUnreadMark();
      return;
    }
    chat.connection.probe();
    screen.showAgain();
  }

  addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button?.dataset.action) return;
    /** @type {HTMLElement | null} */
    const item = button.closest(".message") ?? button.closest("[data-message]");
    const messageId = item?.dataset.message ?? item?.id ?? ""; // a bar of actions elsewhere names its message
    const message = item && (chat.shownEntries().find(({ id }) => id === messageId) ?? chat.outbox.get(messageId));
    if (item && !message) return; // gone since the last rendering
    actions[button.dataset.action](message, button);
  });
  listenToLog(chat, screen.messageList, actions);
  addEventListener("online", chat.connection.probe);
  addEventListener("offline", chat.connection.verify);
  addEventListener("pagehide", () => chat.close());
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload(); // its connection was closed
  });
  document.addEventListener("visibilitychange", onVisibilityChange);
  byId("rooms").addEventListener("toggle", screen.updateOtherRooms);
  byId("room-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { joinTypedRoom } = await import("./room-box.js");
    joinTypedRoom(page);
  });
  byId("new-room").addEventListener("input", () => setContent(byId("room-problem"), ""));

  setContent(byId("my-name"), name);
  byId("sign-in").hidden = true;
  byId("chat").hidden = false;
  addresses.open();
  const invitation = sessionStorage.getItem("chat.invitation");
  sessionStorage.removeItem("chat.invitation");
  if (invitation) acceptInvitation(invitation);
  screen.updateOtherRooms();
  setInterval(screen.renderStatus, STATUS_MS);
  const beginBackgroundWork = async () => (await import("./background.js")).beginBackgroundWork(page, own);
  // At once where something is kept; in a frame of another site nothing is, because nobody signs out there.
  if (!isEmbedded()) setTimeout(beginBackgroundWork, own.getItem("history") ? 0 : BACKGROUND_MS);
  setInterval(screen.updateOtherRooms, OTHER_ROOMS_MS);
}

// In a frame of another site, what tells the page around; `isSeen` returns whether somebody sees the chat.
function createFrame(chat) {
  if (!isEmbedded()) return { update() {}, isSeen: () => !document.hidden };
  let embedding;
  import("./embedding.js").then(({ createEmbedding }) => {
    embedding = createEmbedding(chat);
  });
  return { update: () => embedding?.update(), isSeen: () => Boolean(embedding?.isSeen()) };
}

// Says a text to those who listen to the page; returns it.
function announce(text) {
  byId("announcement").textContent = text;
  return text;
}

function quoteLine(message) {
  return message.split(/\s+/).join(" ").trim().slice(0, MAX_QUOTE_LENGTH);
}
