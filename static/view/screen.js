// What is on the screen follows from the state of the chat.
import { olderCursor, shownGaps, titleOf } from "../client/room.js";
import { countAllUnread, countUnread } from "../client/unread.js";
import { byId, setContent } from "./dom.js";
import { describeConnection, formatDate, formatDay, formatNames, formatTime, titleMark } from "./format.js";
import { createMessageList } from "./message-list.js";
import { createSidebar } from "./sidebar.js";
import { timelineRows } from "./timeline.js";

const FRAME_MS = 16;
const WINDOW_LENGTH = 120; // scrolling up shows more entries than these
const UNREADABLE = "Messages could not be loaded. Trying again…";

/**
 * Returns the screen of the chat. `onRendered` is called after every rendering, `isSeen` returns whether somebody sees it.
 * Messages are kept for `retentionDays` (null: for ever).
 */
export function createScreen(chat, auth, { onRendered, isSeen, retentionDays }) {
  const nameOf = (user) => chat.nameOf(user);
  const roomViews = new WeakMap();
  let renderTimer;
  let isOpening = false;
  let isReading = true;
  let acts; // what acts and rules are in words, loaded when there are some
  const sidebar = createSidebar(chat, scheduleRender);
  const messageList = createMessageList(chat, showOlder, (after) => chat.loadGap(after));

  // The number of the entry after which the current room is unread, and how many entries above are not shown.
  function currentView() {
    if (!roomViews.has(chat.room)) roomViews.set(chat.room, { unreadMark: null, hiddenCount: 0 });
    return roomViews.get(chat.room);
  }

  function startTitle() {
    const title = titleOf(chat.room, chat);
    return title === chat.room.name ? `#${title}` : title;
  }

  function scheduleRender() {
    renderTimer ??= setTimeout(render, FRAME_MS);
  }

  function render() {
    renderTimer = undefined;
    const { room } = chat;
    const entries = chat.shownEntries();
    renderConversation(entries);
    if (messageList.isNearTop() && !currentView().hiddenCount) loadOlder();
    const last = entries.findLast(({ from }) => from);
    const isRead = room.membership === "joined" && messageList.isFollowing() && isReading && isSeen();
    if (last && isRead) chat.markRead(last);

    const count = countUnread(room);
    const title = titleOf(room, chat);
    document.title = `${titleMark(countAllUnread(chat.rooms.values()))}${title} · Chat`;
    setContent(byId("room-name"), title);
    byId("room-name").classList.toggle("titled", room.name.startsWith("~"));
    setContent(byId("new-messages"), count && `${count} new message${count > 1 ? "s" : ""}`);
    setContent(byId("theme-button"), `Theme: ${document.documentElement.style.colorScheme || "system"}`);
    sidebar.render();
    renderStatus();
    onRendered();
  }

  function renderConversation(entries) {
    const { me, room } = chat;
    const view = currentView();
    const isFollowing = messageList.isFollowing();
    if ((isOpening || !isFollowing) && room.runs.length && countUnread(room)) view.unreadMark ??= room.read;
    if (isOpening || isFollowing) view.hiddenCount = Math.max(0, entries.length - WINDOW_LENGTH);
    const shown = [...entries.slice(view.hiddenCount), ...chat.unsentMessages()];
    loadActs(entries);
    const describeAct = (act) => acts?.formatAct(act, nameOf);
    const missing = describeMissing(room, startTitle(), entries, view, retentionDays);
    messageList.render(timelineRows(shown, me, view.unreadMark, missing, describeAct), isOpening);
    isOpening = false;
    byId("log").dataset.membership = room.membership;
    byId("chat").classList.toggle("admin", room.isAdmin);
    byId("empty-room").hidden = shown.some(({ from }) => from);
  }

  function renderStatus() {
    const now = Date.now();
    const {
      tone,
      text,
      waitSeconds = 0,
      action,
    } = describeConnection(chat.connectionState, auth, now, navigator.onLine);
    byId("status").dataset.tone = tone;
    setContent(byId("status-text"), text);
    setContent(byId("retry-countdown"), waitSeconds > 0 && `Next try in ${waitSeconds} s`);
    setContent(byId("status-action"), action);
    setContent(byId("rule"), acts?.describeRules(chat.room, now));
    const { typing } = chat.room;
    const users = [...typing.keys()].filter((user) => typing.get(user) > now && user !== chat.me);
    setContent(
      byId("typing"),
      users.length && `${formatNames(users.map(nameOf))} ${users.length > 1 ? "are" : "is"} typing…`,
    );
  }

  async function loadActs(entries) {
    const { closed, slow, muted } = chat.room.rules;
    if (acts || !(closed || slow || muted !== undefined || entries.some(({ act }) => act))) return;
    acts = await import("./acts.js");
    scheduleRender();
  }

  // First the hidden entries, then those that only the server has.
  function showOlder(isNearTop) {
    const view = currentView();
    scheduleRender();
    if (!isNearTop || chat.room.isLoadingOlder) return;
    if (view.hiddenCount) view.hiddenCount = Math.max(0, view.hiddenCount - WINDOW_LENGTH);
    else loadOlder();
  }

  function loadOlder() {
    if (olderCursor(chat.room)) chat.loadOlder();
  }

  function showStart() {
    isOpening = true;
    scheduleRender();
  }

  return {
    scheduleRender,
    renderStatus,
    showStart,
    showEnd: messageList.scrollToEnd,
    updateOtherRooms: sidebar.updateOtherRooms,

    showRoom() {
      isOpening = true;
      render();
    },

    /** Notes whether what is in view is read: not while the room is only passed through. */
    setReading(value) {
      isReading = value;
    },

    clearUnreadMark() {
      currentView().unreadMark = null;
    },

    showMessage(id) {
      const index = chat.shownEntries().findIndex((entry) => entry.id === id);
      if (index < 0) return;
      const view = currentView();
      messageList.stopFollowing();
      view.hiddenCount = Math.min(view.hiddenCount, index);
      render();
      byId(id).focus({ focusVisible: true });
      messageList.updateFollowing();
    },
  };
}

// What of the conversation is not on the screen, and why.
function describeMissing(room, title, entries, { hiddenCount }, retentionDays) {
  const lastHidden = entries.slice(0, hiddenCount).findLast(({ seq }) => seq)?.seq ?? 0;
  let start = "";
  if (room.olderFailures || (room.isIncomplete && !room.runs.length)) start = UNREADABLE;
  else if (!olderCursor(room)) start = describeStart(room, title, entries, retentionDays);
  return {
    gaps: shownGaps(room).filter(({ after }) => after >= lastHidden),
    start: hiddenCount ? "" : start,
    end: describeEnd(room),
  };
}

function describeEnd({ isIncomplete, runs, storedAt }) {
  if (storedAt !== null) return `Kept in this browser (${formatDay(storedAt, Date.now())}, ${formatTime(storedAt)}).`;
  return isIncomplete && runs.length ? UNREADABLE : "";
}

function describeStart({ runs }, title, entries, days) {
  const oldest = entries.find(({ from }) => from);
  if (!runs.length || !oldest) return "";
  if (!runs[0].after) return `This is where ${title} began.`;
  const removed = `Messages before ${formatDate(new Date(oldest.sentAt))} were removed.`;
  return days ? `${removed} They are kept for ${days === 1 ? "a day" : `${days} days`}.` : removed;
}
