// The lists beside the conversation: the user's rooms, the rooms of others, and who is here.
import { byId, createAvatar, createElement, setContent } from "./dom.js";
/** @import { Room } from "../client/types.js" */

/**
 * Shows the lists.
 * @param {object} state
 * @param {string} state.me
 * @param {Room} state.room the current room
 * @param {{ name: string, unreadCount: number }[]} state.myRooms
 * @param {{ room: string, count: number }[]} state.otherRooms
 */
export function renderSidebar({ me, room, myRooms, otherRooms }) {
  const people = [...new Set([me, ...[...room.people].sort()])];
  const focusedId = document.activeElement?.id;
  renderList("my-rooms", myRooms, room.name, ({ name, unreadCount }) => {
    const badge = createElement("span", { className: "badge" }, `${unreadCount}`, createHiddenText(" unread"));
    return [createRoomLink(name, name === room.name, ...(unreadCount ? [badge] : []))];
  });
  renderList("other-rooms", otherRooms, "", ({ room: name, count }) => [
    createRoomLink(name, false, createElement("small", {}, `${count} here`)),
  ]);
  // A list that was built anew has lost the keyboard's place.
  if (focusedId && document.activeElement?.id !== focusedId) document.getElementById(focusedId)?.focus();
  renderList("people-list", people, me, (name) => {
    return [createAvatar(name), createElement("bdi", {}, name), ...(name === me ? ["(you)"] : [])];
  });
  setContent(byId("more-people"), room.morePeople ? `and ${room.morePeople} more` : "");
  setContent(byId("people-count"), `${people.length + room.morePeople} here`);
}

/**
 * Builds the list anew when it has changed.
 * @template Item
 * @param {string} id
 * @param {Item[]} items
 * @param {string} highlighted what else the list's look depends on
 * @param {(item: Item) => (Node | string)[]} build makes the content of an item's element
 */
function renderList(id, items, highlighted, build) {
  setContent(byId(id), items.length ? JSON.stringify([items, highlighted]) : "", () =>
    items.map((item) => createElement("li", {}, ...build(item))),
  );
}

/**
 * @param {string} name
 * @param {boolean} isCurrent
 * @param {...(Node | string)} details
 */
function createRoomLink(name, isCurrent, ...details) {
  const properties = { id: `link to ${name}`, href: `#${name}`, ariaCurrent: isCurrent ? "page" : "false" };
  return createElement("a", properties, createElement("bdi", {}, name), ...details);
}

/** @param {string} text for screen readers alone */
function createHiddenText(text) {
  return createElement("i", { className: "visually-hidden" }, text);
}
