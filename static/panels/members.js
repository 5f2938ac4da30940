// The members of the room with their roles; in a public room, who has a role and who is here.
import { canGiveRoles, canModerate } from "../client/members.js";
import { suggestPeople } from "../client/people.js";
import { createAvatar, createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import { createBackButton, createField, createOutcome, createSection, perform, renderItems } from "./controls.js";
import { createRoomPanel, followRoom } from "./room-panel.js";

const MIN_SEARCHED = 8; // fewer people are seen at once
const ORDER = ["owner", "moderator", "member"];

/** Returns the panel. */
export function createPanel(page) {
  return createRoomPanel(page, "Members and roles", (room, onAnswers) => buildMembers(page, room, onAnswers));
}

/**
 * Returns the people of a room: of each the `user`, `name`, `role` and whether the user `isHere`; the owner first, then the
 * moderators. In a public room whoever is here counts as a member.
 */
function listMembers(chat, room, members) {
  const roles = new Map(members.map(({ user, role }) => [user, role]));
  const here = room.kind === "public" ? room.roster.users : [];
  const users = [...new Set([...roles.keys(), ...here])];
  const people = users.map((user) => {
    return { user, name: chat.nameOf(user), role: roles.get(user) ?? "member", isHere: room.roster.users.has(user) };
  });
  const rank = ({ role }) => ORDER.indexOf(role);
  return people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function buildMembers({ chat }, room, onAnswers) {
  const outcome = createOutcome();
  const search = createField({ label: "Find a member", type: "search" });
  const list = createElement("ul", { className: "members" });
  const invitedList = createElement("ul", { className: "members" });
  const empty = createElement("p", {}, "Nobody is called like that.");
  const section = createSection("Members", search.element, list, empty, outcome.element);
  const invited = createSection("Invited", invitedList);
  let answer = { members: [], invited: [] };

  const following = followRoom(
    chat,
    room,
    () => ["members"],
    ({ members }) => {
      answer = members;
      onAnswers();
    },
  );

  function update() {
    following.check();
    const people = listMembers(chat, room, answer.members);
    search.element.hidden = people.length < MIN_SEARCHED;
    const text = search.element.hidden ? "" : search.input.value;
    const shown = text.trim() ? suggestPeople(text, people, people.length) : people;
    empty.hidden = shown.length > 0 || !people.length;
    const items = shown.map((person) => ({ ...person, canChange: canChangeRole(room, person) }));
    renderItems(list, items, ({ user }) => user, buildMember);
    const waiting = (answer.invited ?? []).map(({ user, by }) => ({
      user,
      name: chat.nameOf(user),
      by: chat.nameOf(by),
    }));
    invited.hidden = !waiting.length || !canModerate(room);
    renderItems(invitedList, waiting, ({ user }) => user, buildInvited);
  }

  function buildMember({ user, name, role, isHere, canChange }) {
    const words = [user === chat.me && "you", !canChange && role !== "member" && role, isHere && "here"];
    const person = createPerson(user, name, words.filter(Boolean).join(" · "));
    return canChange ? [person, createRoleChoice(user, name, role)] : [person];
  }

  function createRoleChoice(user, name, role) {
    const options = ["moderator", "member"].map((each) => createElement("option", { value: each }, each));
    const choice = createElement("select", { ariaLabel: `Role of ${name}` }, ...options);
    choice.value = role;
    choice.addEventListener("change", async () => {
      const ask = () => chat.request("role", { room: room.name, user, role: choice.value });
      const done = `${isolateName(name)} is ${choice.value} now.`;
      if (!(await perform(choice, outcome, ask, done))) choice.value = role;
    });
    return choice;
  }

  function buildInvited({ user, name, by }) {
    const withdraw = createElement("button", { ariaLabel: `Withdraw the invitation of ${name}` }, "Withdraw");
    const ask = () => chat.request("uninvite", { room: room.name, user });
    withdraw.addEventListener("click", () => perform(withdraw, outcome, ask, "The invitation is withdrawn."));
    return [createPerson(user, name, `by ${by}`), withdraw];
  }

  search.input.addEventListener("input", update);
  return { elements: [createBackButton(), following.element, section, invited], update, stop: following.stop };
}

function canChangeRole(room, { role }) {
  return canGiveRoles(room) && role !== "owner";
}

function createPerson(user, name, words) {
  const text = createElement("span", {}, createElement("bdi", {}, name));
  if (words) text.append(createElement("small", {}, words));
  const person = createElement("button", { value: user, className: "person" }, createAvatar(name, user), text);
  person.dataset.action = "show-person";
  return person;
}
