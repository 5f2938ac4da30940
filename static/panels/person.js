// A person: who it is, how to talk with the person, and what a moderator of the room does.
import { canModerate } from "../client/members.js";
import { byId, createAvatar, createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import { createBackButton, createOutcome, perform } from "./controls.js";
import { createPersonModeration } from "./person-moderation.js";
import { createRoomPanel, followRoom } from "./room-panel.js";

/** Returns the panel about the user of the options. */
export function createPanel(page, { user }) {
  return createRoomPanel(page, "Person", (room, onAnswers) => buildPerson(page, room, user, onAnswers));
}

function buildPerson(page, room, user, onAnswers) {
  const { chat } = page;
  const isDirect = room.kind === "direct";
  const head = createHead(chat, room, user);
  const actions = createActions(page, room, user);
  const moderation = createPersonModeration(page, room, user);
  let answers = {};

  function questions() {
    if (isDirect) return [];
    return canModerate(room) ? ["members", "rules"] : ["members"];
  }

  const following = followRoom(chat, room, questions, (given) => {
    answers = given;
    onAnswers();
  });

  function update() {
    following.check();
    const member = answers.members?.members.find((each) => each.user === user);
    const person = {
      user,
      role: member?.role ?? "member",
      isMember: Boolean(member) || room.kind === "public",
      isInvited: (answers.members?.invited ?? []).some((each) => each.user === user),
      isKnown: isDirect || Boolean(answers.members), // else the role is not known yet
      mute: answers.rules?.muted.find((each) => each.user === user),
      ban: answers.rules?.banned.find((each) => each.user === user),
    };
    for (const part of [head, actions, moderation]) part.update(person);
  }

  const back = isDirect ? [] : [createBackButton("members", "Back to the members")];
  const elements = [...back, head.element, following.element, actions.element, moderation.element];
  return { elements, update, stop: following.stop };
}

function createHead(chat, room, user) {
  const name = chat.nameOf(user);
  const words = createElement("small");
  const id = user === name ? "" : createElement("small", { className: "user-id" }, user);
  const title = createElement("bdi", { className: "person-name" }, name);
  const text = createElement("div", {}, title, id, words);
  return {
    element: createElement("section", { className: "person-head" }, createAvatar(name, user), text),
    update({ role, isMember, isInvited, isKnown, ban, mute }) {
      const { users, away } = room.roster;
      const presence = away.has(user) ? "away" : "here now";
      const membership = isInvited ? "invited" : !isMember && "no member of this room";
      const states = [
        user === chat.me && "this is you",
        isKnown && (role === "member" ? membership : `${role} of this room`),
        users.has(user) ? presence : "not here now",
        mute && "muted",
        ban && "banned",
      ];
      words.textContent = states.filter(Boolean).join(" · ");
    },
  };
}

function createActions({ chat, composer, panels }, room, user) {
  const outcome = createOutcome();
  const name = chat.nameOf(user);
  const message = createElement("button", {}, "Message");
  const mention = createElement("button", {}, "Mention");
  const invite = createElement("button", {}, "Invite to this room");

  message.addEventListener("click", async () => {
    if (!(await perform(message, outcome, () => chat.request("direct", { user })))) return;
    panels.close();
    byId("message-box").focus();
  });
  mention.addEventListener("click", () => {
    panels.close();
    composer.insert(`@${name} `);
  });
  invite.addEventListener("click", () => {
    const ask = () => chat.request("invite", { room: room.name, user });
    perform(invite, outcome, ask, `${isolateName(name)} is invited.`);
  });

  const buttons = createElement("div", { className: "buttons" }, message, mention, invite);
  return {
    element: createElement("section", {}, buttons, outcome.element),
    update({ isMember, isInvited, isKnown, ban }) {
      const isMe = user === chat.me;
      message.hidden = isMe || room.other === user;
      mention.hidden = isMe || !isMember;
      invite.hidden =
        isMe || !isKnown || room.kind !== "private" || !canModerate(room) || isMember || isInvited || Boolean(ban);
    },
  };
}
