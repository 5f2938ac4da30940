// What is on the screen follows from the chat's state.
import { fetchPublicRooms } from "../client/http.js";
import { countUnread, orderedEntries } from "../client/messages.js";
import { byId, setContent } from "./dom.js";
import { describeConnection, formatCount, formatNames } from "./format.js";
import { createMessageList } from "./message-list.js";
import { renderSidebar } from "./sidebar.js";
import { timelineRows } from "./timeline.js";
/** @import { Chat } from "../client/chat.js" */
/** @import { DatedEntry, Room } from "../client/types.js" */

const RENDER_DELAY_MS = 16; // changes of one frame are shown at once
const WINDOW_LENGTH = 120; // a long conversation shows its end; scrolling up shows more
const MAX_OTHER_ROOMS = 8;

/** @typedef {ReturnType<typeof createScreen>} Screen */

/**
 * How a room is shown: the mark before what is unread, and how many of its first entries are left out.
 * @typedef {{ unreadMark: string, hiddenCount: number }} RoomView
 */

/**
 * Returns the screen of a chat.
 * @param {Chat} chat
 * @param {string | null} auth how users sign in
 */
export function createScreen(chat, auth) {
  /** @type {WeakMap<Room, RoomView>} */
  const roomViews = new WeakMap();
  /** @type {{ room: string, count: number }[]} */
  let otherRooms = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let renderTimer;
  let isSettling = false;
  const messageList = createMessageList({
    log: byId("log"),
    list: byId("timeline"),
    actions: byId("message-actions"),
    me: chat.me,
    onScroll: showOlder,
  });

  /** Returns how the current room is shown. */
  function currentView() {
    let view = roomViews.get(chat.room);
    if (!view) {
      view = { unreadMark: "", hiddenCount: 0 };
      roomViews.set(chat.room, view);
    }
    return view;
  }

  function scheduleRender() {
    renderTimer ??= setTimeout(render, RENDER_DELAY_MS);
  }

  function render() {
    clearTimeout(renderTimer);
    renderTimer = undefined;
    const { room } = chat;
    const entries = orderedEntries(room);
    updateView(entries);
    renderConversation(entries);
    const last = entries.findLast(({ from }) => from);
    const isRead = room.membership === "joined" && messageList.isFollowing() && !document.hidden;
    if (last && isRead) chat.markRead(last);
    renderCounts();
    renderStatus();
  }

  /** @param {DatedEntry[]} entries */
  function updateView(entries) {
    const view = currentView();
    const isFollowing = messageList.isFollowing();
    if ((isSettling || !isFollowing) && !view.unreadMark && countUnread(chat.room, chat.me)) {
      view.unreadMark = chat.room.readPosition;
    }
    if (isSettling || isFollowing) view.hiddenCount = Math.max(0, entries.length - WINDOW_LENGTH);
  }

  /** @param {DatedEntry[]} entries */
  function renderConversation(entries) {
    const { room, me, outbox } = chat;
    const view = currentView();
    const unsent = outbox.all().filter((message) => message.room === room.name);
    const shown = [...entries.slice(view.hiddenCount), ...unsent];
    messageList.render(timelineRows(shown, me, view.unreadMark), { isSettling });
    isSettling = false;
    byId("log").dataset.membership = room.membership;
    byId("chat").classList.toggle("admin", room.isAdmin);
    byId("empty-room").hidden = shown.some(({ from }) => from);
    setContent(byId("room-name"), room.name);
  }

  function renderCounts() {
    const { me, room } = chat;
    const myRooms = [...chat.rooms.values()].map((mine) => ({ name: mine.name, unreadCount: countUnread(mine, me) }));
    const total = myRooms.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
    const count = countUnread(room, me);
    document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
    setContent(byId("new-messages"), count ? formatCount(count, "new message") : "");
    setContent(byId("theme-button"), `Theme: ${document.documentElement.style.colorScheme || "system"}`);
    const unknownRooms = otherRooms.filter((other) => !chat.rooms.has(other.room)).slice(0, MAX_OTHER_ROOMS);
    renderSidebar({ me, room, myRooms, otherRooms: unknownRooms });
  }

  /** Shows the connection's state and who is typing, which change with time alone. */
  function renderStatus() {
    const now = Date.now();
    const {
      tone,
      text,
      waitSeconds = 0,
      action,
    } = describeConnection(chat.connectionState, {
      auth,
      now,
      isOnline: navigator.onLine,
    });
    byId("status").dataset.tone = tone;
    setContent(byId("status-text"), text);
    setContent(byId("retry-countdown"), waitSeconds > 0 ? `Next try in ${waitSeconds} s` : "");
    setContent(byId("status-action"), action);
    const typing = [...chat.room.typing].filter(([user, until]) => until > now && user !== chat.me);
    const verb = typing.length > 1 ? "are" : "is";
    const users = formatNames(typing.map(([user]) => user));
    setContent(byId("typing"), typing.length ? `${users} ${verb} typing…` : "");
  }

  /**
   * Shows older entries when the reader comes near the first one: those that are known, then those that the server knows.
   * @param {boolean} isNearTop
   */
  function showOlder(isNearTop) {
    const view = currentView();
    scheduleRender();
    if (!isNearTop || chat.room.isLoadingOlder) return;
    if (view.hiddenCount) view.hiddenCount = Math.max(0, view.hiddenCount - WINDOW_LENGTH);
    else chat.loadOlder();
  }

  /** Goes to the end, or to where the unread part begins, with the next rendering. */
  function settle() {
    isSettling = true;
    scheduleRender();
  }

  return {
    scheduleRender,
    renderStatus,
    settle,

    /** Shows the current room from its end, or from where its unread part begins. */
    showRoom() {
      isSettling = true;
      render();
    },

    /** Removes the mark before what was unread. */
    clearUnreadMark() {
      currentView().unreadMark = "";
    },

    showEnd() {
      messageList.scrollToEnd();
    },

    /**
     * Goes to a message of the current room, if it is known.
     * @param {string} id
     */
    showMessage(id) {
      const index = orderedEntries(chat.room).findIndex((entry) => entry.id === id);
      if (index < 0) return;
      const view = currentView();
      messageList.stopFollowing();
      view.hiddenCount = Math.min(view.hiddenCount, index);
      render();
      // `focusVisible`: the outline shows which one it is, also after a click. Not yet in the types of TypeScript.
      document.getElementById(id)?.focus(/** @type {FocusOptions} */ ({ focusVisible: true }));
      messageList.updateFollowing();
    },

    /** Asks which rooms others are in, while the list is visible. */
    async updateOtherRooms() {
      if (document.hidden || !byId("rooms").checkVisibility()) return;
      otherRooms = await fetchPublicRooms();
      scheduleRender();
    },
  };
}
