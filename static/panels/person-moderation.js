// What a moderator does to a person in the room: mute, kick, ban, membership and role.
import { canActOn, canGiveRoles, canModerate } from "../client/members.js";
import { createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import { createChoice, createConfirmedButton, createField, createOutcome, createSection, perform } from "./controls.js";
import { describeRestriction } from "./moderation-section.js";

const MAX_REASON_LENGTH = 200;
const MUTES = [
  ["600", "for 10 minutes"],
  ["3600", "for 1 hour"],
  ["86400", "for 1 day"],
  ["", "until it is lifted"],
];
const BANS = [
  ["3600", "for 1 hour"],
  ["86400", "for 1 day"],
  ["604800", "for 7 days"],
  ["", "until it is lifted"],
];

/** Returns the section of the person's panel: its `element`, and `update`. */
export function createPersonModeration({ chat }, room, user) {
  const name = chat.nameOf(user);
  const outcome = createOutcome();
  const hint = "Moderators can read it, and who is kicked or banned.";
  const reason = createField({ label: "Reason (optional)", hint, maxLength: MAX_REASON_LENGTH });

  // `words` says what was done; the outcome is said in the section.
  async function act(control, event, words, data = {}) {
    const given = reason.input.value.trim() || undefined;
    const ask = () => chat.request(event, { room: room.name, user, reason: given, ...data });
    if (await perform(control, outcome, ask, `${isolateName(name)} ${words}.`)) reason.input.value = "";
  }

  const mute = createTimedAct("Mute", MUTES, (button, seconds, words) => {
    act(button, "mute", `is muted ${words}`, { for: seconds });
  });
  const ban = createBan(name, (button, seconds, words) => act(button, "ban", `is banned ${words}`, { for: seconds }));
  const kick = createConfirmedButton({
    label: "Kick",
    question: `${isolateName(name)} leaves the room at once, and may come back.`,
    answer: `Kick ${name}`,
    onConfirm: (button) => act(button, "kick", "was removed from the room"),
  });
  const remove = createConfirmedButton({
    label: "Remove from the room",
    question: `${isolateName(name)} is no member any more, and comes back only by a new invitation.`,
    answer: `Remove ${name}`,
    onConfirm: (button) => act(button, "remove", "is no member any more", { reason: undefined }),
  });
  const lifted = createLifting((button, event, words) => act(button, event, words));
  const role = createRoleActs(name, (button, data, words) =>
    act(button, "role", words, { ...data, reason: undefined }),
  );

  const parts = [lifted.element, reason.element, mute, kick, remove, ban, role.element, outcome.element];
  const section = createSection("Moderation", ...parts);
  return {
    element: section,
    update(person) {
      const allowed = allowedActs(chat, room, person);
      section.hidden = !person.isKnown || !(Object.values(allowed).some(Boolean) || outcome.element.textContent);
      mute.hidden = !allowed.mute;
      kick.hidden = !allowed.kick;
      remove.hidden = !allowed.remove;
      ban.hidden = !allowed.ban;
      reason.element.hidden = !(allowed.mute || allowed.kick || allowed.ban);
      lifted.update(person, allowed, chat);
      role.update(person, allowed);
    },
  };
}

function createTimedAct(label, options, onAct) {
  const { element, select } = createChoice({ label: `${label} for how long`, options });
  const button = createElement("button", {}, label);
  button.addEventListener("click", () =>
    onAct(button, Number(select.value) || undefined, select.selectedOptions[0].text),
  );
  return createElement("div", { className: "timed" }, element, button);
}

function createBan(name, onAct) {
  const { element, select } = createChoice({ label: "Ban for how long", options: BANS });
  const confirmed = createConfirmedButton({
    label: "Ban",
    question: `${isolateName(name)} leaves the room at once, and cannot come back until the ban is over.`,
    answer: `Ban ${name}`,
    onConfirm: (button) => onAct(button, Number(select.value) || undefined, select.selectedOptions[0].text),
  });
  return createElement("div", { className: "timed" }, element, confirmed);
}

// What is in force, and the buttons that end it.
function createLifting(onLift) {
  const create = (event, label, words) => {
    const text = createElement("small");
    const button = createElement("button", {}, label);
    button.addEventListener("click", () => onLift(button, event, words));
    return { text, button, element: createElement("p", { className: "restriction" }, text, button) };
  };
  const mute = create("unmute", "Unmute", "can write again");
  const ban = create("unban", "Unban", "may come back");

  function show({ text, button, element }, restriction, word, isAllowed, chat) {
    element.hidden = !restriction;
    text.textContent = restriction ? `${word} ${describeRestriction(restriction, chat)}` : "";
    button.hidden = !isAllowed;
  }

  return {
    element: createElement("div", {}, mute.element, ban.element),
    update(person, allowed, chat) {
      show(mute, person.mute, "Muted", allowed.unmute, chat);
      show(ban, person.ban, "Banned", allowed.unban, chat);
    },
  };
}

function createRoleActs(name, onAct) {
  const change = createElement("button");
  let next = "moderator";
  change.addEventListener("click", () => onAct(change, { role: next }, `is ${next} now`));
  const handOver = createConfirmedButton({
    label: "Hand the room over",
    question: `${isolateName(name)} becomes the owner of the room, and the owner a moderator.`,
    answer: `Make ${name} the owner`,
    onConfirm: (button) => onAct(button, { role: "owner" }, "is the owner now"),
  });
  const element = createElement("div", { className: "buttons" }, change, handOver);
  return {
    element,
    update({ role }, allowed) {
      element.hidden = !allowed.role;
      next = role === "moderator" ? "member" : "moderator";
      change.textContent = next === "moderator" ? "Make moderator" : "Make an ordinary member";
    },
  };
}

/** Returns what the user may do to the person in the room, by the names of the events. */
function allowedActs(chat, room, { user, role, isMember, mute, ban }) {
  const canAct = canActOn(room, chat.me, user, role);
  return {
    mute: canAct && !mute && isMember,
    unmute: canModerate(room) && Boolean(mute) && (user !== chat.me || canGiveRoles(room)),
    kick: canAct && room.kind === "public" && !ban,
    remove: canAct && room.kind === "private" && isMember,
    ban: canAct && !ban,
    unban: canModerate(room) && Boolean(ban),
    role: canGiveRoles(room) && role !== "owner" && isMember && !ban,
  };
}
