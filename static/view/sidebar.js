// The lists beside the conversation: the user's rooms, invitations, other open rooms, and the people in the room.
import { requestJson } from "../client/http.js";
import { titleOf } from "../client/room.js";
import { countUnread } from "../client/unread.js";
import { byId, createAvatar, createButton, createElement, setContent } from "./dom.js";
import { formatCount } from "./format.js";

const MAX_OTHER_ROOMS = 8;

/** Returns what shows the lists; `onChange` is called when the other rooms have changed. */
export function createSidebar(chat, onChange) {
  let otherRooms = [];

  function render() {
    const focusedId = document.activeElement?.id ?? "";
    renderList("my-rooms", [...chat.rooms.values()].map(describeRoom), roomLink);
    renderList("invitations", [...chat.invitations.byRoom.values()].map(describeInvitation), invitationItem);
    const others = otherRooms.filter(({ room }) => !chat.rooms.has(room)).slice(0, MAX_OTHER_ROOMS);
    renderList("other-rooms", others, otherRoomLink);
    renderPeople(chat);
    byId(focusedId)?.focus(); // a list that was made anew has lost it
  }

  function describeRoom(room) {
    const { name, kind, other, level, mentioned } = room;
    const isCurrent = room === chat.room;
    const canLeave = isCurrent && name !== chat.options.lobby;
    return {
      name,
      kind,
      other,
      title: titleOf(room, chat),
      count: countUnread(room),
      mentions: mentioned.size,
      level,
      isCurrent,
      canLeave,
    };
  }

  function describeInvitation({ room, title, by }) {
    return { room, title, by: chat.nameOf(by) };
  }

  return {
    render,

    /** Asks which other rooms are open; without an answer there are none. */
    async updateOtherRooms() {
      if (document.hidden || !byId("rooms").checkVisibility()) return;
      const { rooms = [] } = await requestJson("rooms");
      otherRooms = rooms;
      onChange();
    },
  };
}

function renderList(id, items, build) {
  setContent(byId(id), items.length && JSON.stringify(items), () =>
    items.map((item) => createElement("li", {}, ...build(item))),
  );
}

function roomLink({ name, kind, other, title, isCurrent, canLeave, count, mentions, level }) {
  const leave = { id: `leave ${name}`, value: name, ariaLabel: `Leave ${title}`, title: "Leave this room" };
  return [
    createLink(
      name,
      isCurrent,
      kindMark(kind, title, other),
      createElement("bdi", {}, title),
      ...badges(count, mentions, level),
    ),
    ...(canLeave ? [createButton("leave-room", leave, "Leave")] : []),
  ];
}

// Of a room of which the user wants to know nothing, a dot tells that something is new.
function badges(count, mentions, level, isCurrent) {
  if (!count && !mentions) return [];
  if (level === "none") return [createElement("span", { className: "dot", title: "Unread" }, inWords(" unread"))];
  const shown = [];
  if (mentions) {
    const words = inWords(` mention${mentions > 1 ? "s" : ""} of you`);
    shown.push(createElement("span", { className: "badge mentions" }, "@ ", mentions, words));
  }
  // Beside the button that leaves the current room is little place, and the conversation says how many there are.
  if (count && !(isCurrent && mentions)) {
    shown.push(createElement("span", { className: "badge" }, count, inWords(" unread")));
  }
  return shown;
}

// A public room has a # by the style sheet.
function kindMark(kind, title, other) {
  if (kind === "direct") return createAvatar(title, other || title);
  return kind === "private"
    ? createElement("i", { className: "lock", title: "Private room" }, inWords("private "))
    : "";
}

function otherRoomLink({ room, count, atLeast }) {
  const here = createElement("small", {}, `${formatCount(count, atLeast)} here`);
  return [createLink(room, false, createElement("bdi", {}, room), here)];
}

function createLink(address, isCurrent, ...content) {
  const properties = { id: `link to ${address}`, href: `#${address}`, ariaCurrent: isCurrent && "page" };
  return createElement("a", properties, ...content);
}

function invitationItem({ room, title, by }) {
  const name = createElement("bdi", {}, title);
  const answers = ["Accept", "Decline"].map((label) => {
    const action = `${label.toLowerCase()}-invitation`;
    const className = label === "Accept" ? "primary" : "";
    return createButton(
      action,
      { id: `${action} ${room}`, className, value: room, ariaLabel: `${label} ${title}` },
      label,
    );
  });
  return [createElement("p", {}, name, createElement("small", {}, "from ", createElement("bdi", {}, by))), ...answers];
}

function inWords(text) {
  return createElement("span", { className: "visually-hidden" }, text);
}

function renderPeople(chat) {
  const { users, away, count, atLeast } = chat.room.roster;
  const others = [...users]
    .filter((user) => user !== chat.me)
    .map((user) => ({ user, name: chat.nameOf(user), isAway: away.has(user) }));
  const sorted = others.sort((a, b) => Number(a.isAway) - Number(b.isAway) || (a.name < b.name ? -1 : 1));
  const people = [{ user: chat.me, name: chat.nameOf(chat.me), isMe: true }, ...sorted];
  const peopleCount = Math.max(count, people.length);
  renderList("people-list", people, personButton);
  const more = peopleCount - people.length;
  setContent(byId("more-people"), more > 0 && `and ${formatCount(more, atLeast)} more`);
  setContent(byId("people-count"), `${formatCount(peopleCount, atLeast)} here`);
}

function personButton({ user, name, isMe, isAway = false }) {
  const title = user === name ? "" : user;
  const presence = createElement(
    "small",
    { className: `availability ${isAway ? "away" : "here"}` },
    isAway ? "away" : inWords("here"),
  );
  const properties = { value: user, id: `person ${user}` };
  const content = [createAvatar(name, user), createElement("bdi", { title }, name), isMe ? "(you)" : "", presence];
  return [createButton("show-person", properties, ...content)];
}
