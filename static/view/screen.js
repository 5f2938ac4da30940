// What is on the screen follows from the state of the chat.
import { isUnread } from "../client/log.js";
import { withUnsent } from "../client/outbox.js";
import { olderCursor, shownGaps, titleOf } from "../client/room.js";
import { countAllUnread, countUnread } from "../client/unread.js";
import { byId, setContent } from "./dom.js";
import { describeConnection, describeStart, formatDay, formatNames, formatTime, titleMark } from "./format.js";
import { createMessageList } from "./message-list.js";
import { createNews } from "./news.js";
import { createSidebar } from "./sidebar.js";
import { timelineRows } from "./timeline.js";

const FRAME_MS = 16;
const UNREADABLE = "Messages could not be loaded. Trying again…";

/**
 * Returns the screen of the chat. `onRendered` is called after every rendering, `isSeen` returns whether somebody sees it.
 * Messages are kept for `retentionDays` (null: for ever).
 */
export function createScreen(chat, auth, { onRendered, isSeen, retentionDays }) {
  const nameOf = (user) => chat.nameOf(user);
  const roomViews = new WeakMap();
  let renderTimer;
  let renderedAt = 0;
  let isOpening = false;
  let acts; // what acts and rules are in words, loaded when there are some
  const news = createNews(chat, byId("news"));
  const sidebar = createSidebar(chat, scheduleRender);
  const messageList = createMessageList(chat, { onMove: scheduleRender, onGap });

  // The number of the entry after which the current room is unread.
  function currentView() {
    if (!roomViews.has(chat.room)) roomViews.set(chat.room, { unreadMark: null });
    return roomViews.get(chat.room);
  }

  function onGap(after, isFromAbove) {
    chat.loadGap(after, 1, isFromAbove);
  }

  function startTitle() {
    const title = titleOf(chat.room, chat);
    return title === chat.room.name ? `#${title}` : title;
  }

  function scheduleRender() {
    renderTimer ??= setTimeout(render, renderedAt + FRAME_MS - performance.now());
  }

  function render() {
    renderTimer = undefined;
    renderedAt = performance.now();
    const { room } = chat;
    const entries = chat.shownEntries();
    renderConversation(entries);
    if (messageList.isNearTop() && olderCursor(room)) chat.loadOlder();
    const last = entries.findLast(({ from }) => from);
    const isRead = room.membership === "joined" && messageList.isFollowing() && isSeen();
    if (last && isRead) chat.markRead(last);

    const count = countUnread(room);
    const title = titleOf(room, chat);
    document.title = `${titleMark(countAllUnread(chat.rooms.values()))}${title} · Chat`;
    setContent(byId("room-name"), title);
    byId("room-name").classList.toggle("titled", room.name.startsWith("~"));
    const waiting = count ? `${count} new message${count > 1 ? "s" : ""}` : "Jump to latest";
    setContent(byId("new-messages"), !messageList.isAtEnd() && waiting);
    setContent(byId("theme-button"), `Theme: ${document.documentElement.style.colorScheme || "system"}`);
    sidebar.render();
    renderStatus();
    onRendered();
  }

  function renderConversation(entries) {
    const { me, room } = chat;
    const view = currentView();
    const isAway = isOpening || !messageList.isFollowing();
    if (isAway && room.runs.length && countUnread(room)) view.unreadMark ??= room.read;
    const { unreadMark } = view;
    const shown = withUnsent(entries, chat.unsentMessages());
    const unreadIndex = unreadMark === null ? -1 : shown.findIndex((entry) => isUnread(entry, me, unreadMark));
    loadActs(entries);
    const describeAct = (act) => acts?.formatAct(act, nameOf);
    const rowsOf = (start, end) => {
      const surroundings = describeSurroundings(room, startTitle(), shown, { start, end }, retentionDays);
      const mark = unreadIndex >= start ? unreadMark : null;
      return timelineRows(shown.slice(start, end), me, mark, surroundings, describeAct);
    };
    messageList.render({ entries: shown, rowsOf, unreadIndex }, isOpening);
    news.update(entries, isOpening);
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

  function showStart() {
    isOpening = true;
    scheduleRender();
  }

  return {
    messageList,
    scheduleRender,
    renderStatus,
    showStart,
    showEnd: messageList.showEnd,
    updateOtherRooms: sidebar.updateOtherRooms,

    showRoom() {
      isOpening = true;
      render();
    },

    /** Shows the room after the page was hidden: what came meanwhile, or what was read further up. */
    showAgain() {
      isOpening = messageList.isFollowing();
      render();
    },

    clearUnreadMark() {
      currentView().unreadMark = null;
    },

    showMessage(id) {
      messageList.showRow(id)?.focus({ preventScroll: true, focusVisible: true });
    },
  };
}

function describeEnd({ isIncomplete, runs, storedAt }) {
  if (storedAt !== null) return `Kept in this browser (${formatDay(storedAt, Date.now())}, ${formatTime(storedAt)}).`;
  return isIncomplete && runs.length ? UNREADABLE : "";
}

// What is missing in a part of the entries and at its ends, and what is before it.
function describeSurroundings(room, title, entries, { start, end }, retentionDays) {
  const isStart = start === 0;
  const isEnd = end === entries.length;
  const before = isStart ? 0 : lastSeq(entries, start);
  const last = isEnd ? Infinity : lastSeq(entries, end);
  return {
    first: start,
    previous: entries[start - 1],
    gaps: shownGaps(room).filter(({ after }) => after >= before && after < last),
    start: isStart ? describeBeginning(room, title, entries, retentionDays) : "",
    end: isEnd ? describeEnd(room) : "",
  };
}

// The number of the last entry before this index that has one.
function lastSeq(entries, end) {
  let index = end - 1;
  while (index >= 0 && !entries[index].seq) index -= 1;
  return entries[index]?.seq ?? 0;
}

function describeBeginning(room, title, entries, retentionDays) {
  if (room.olderFailures || (room.isIncomplete && !room.runs.length)) return UNREADABLE;
  if (olderCursor(room)) return "";
  return describeStart(room, title, entries, retentionDays);
}
