// The rules of the room, for those who may change them: closed or open, slow mode, and who is muted or banned.
import { canModerate } from "../client/members.js";
import { formatDuration } from "../view/acts.js";
import { createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import { createChoice, createOutcome, formatMoment, createSection, perform, renderItems } from "./controls.js";

const PACES = [0, 5, 10, 30, 60, 300, 900, 3600, 21_600];

/** Returns the section of the room's panel: its `element`, and `update`. */
export function createModerationSection({ chat }, room) {
  const outcome = createOutcome();
  const close = createElement("button");
  const hint = createElement("small", {}, "In a closed room only moderators can write.");
  const slow = createChoice({ label: "Slow mode: a person can write", options: PACES.map(describePace) });
  const muted = createRestrictions(chat, room, { title: "Muted", act: "unmute", label: "Unmute" });
  const banned = createRestrictions(chat, room, { title: "Banned", act: "unban", label: "Unban" });
  const parts = [close, hint, slow.element, outcome.element, muted.element, banned.element];
  const section = createSection("Moderation", ...parts);

  close.addEventListener("click", () => {
    const act = room.rules.closed ? "open" : "close";
    const done = act === "open" ? "Everybody can write again." : "Only moderators can write now.";
    perform(close, outcome, () => chat.request(act, { room: room.name }), done);
  });
  slow.select.addEventListener("change", async () => {
    const seconds = Number(slow.select.value);
    const done = seconds ? "Slow mode is on." : "Slow mode is off.";
    const ask = () => chat.request("slow", { room: room.name, seconds });
    if (!(await perform(slow.select, outcome, ask, done))) slow.select.value = String(room.rules.slow);
  });

  return {
    element: section,
    update(_, { rules }) {
      section.hidden = !canModerate(room);
      close.textContent = room.rules.closed ? "Open the room" : "Close the room";
      showPace(slow.select, room.rules.slow);
      muted.update(rules?.muted ?? []);
      banned.update(rules?.banned ?? []);
    },
  };
}

function describePace(seconds) {
  return [String(seconds), seconds ? `once in ${formatDuration(seconds)}` : "at any time"];
}

// The pace may be one that is not offered.
function showPace(select, seconds) {
  if (select.value === String(seconds) || select.ariaBusy === "true" || select.matches(":focus")) return;
  if (![...select.options].some(({ value }) => value === String(seconds))) {
    const [value, text] = describePace(seconds);
    select.append(createElement("option", { value }, text));
  }
  select.value = String(seconds);
}

function createRestrictions(chat, room, { title, act, label }) {
  const outcome = createOutcome();
  const heading = createElement("h4", {}, title);
  const list = createElement("ul");
  const element = createElement("div", {}, heading, list, outcome.element);

  function build({ user, name, words }) {
    const lift = createElement("button", { ariaLabel: `${label} ${name}` }, label);
    const ask = () => chat.request(act, { room: room.name, user });
    lift.addEventListener("click", () =>
      perform(lift, outcome, ask, `${isolateName(name)}: ${label.toLowerCase()} done.`),
    );
    const person = createElement("button", { value: user, className: "person" }, createElement("bdi", {}, name));
    person.dataset.action = "show-person";
    return [person, createElement("small", {}, words), lift];
  }

  return {
    element,
    update(entries) {
      const items = entries.map((entry) => ({
        ...entry,
        name: chat.nameOf(entry.user),
        words: describeRestriction(entry, chat),
      }));
      heading.textContent = `${title}: ${items.length || "nobody"}`;
      renderItems(list, items, ({ user }) => user, build);
    },
  };
}

/** Returns until when somebody is muted or banned, by whom and why. */
export function describeRestriction({ until, by, reason }, chat) {
  return [
    until ? `until ${formatMoment(until)}` : "until it is lifted",
    by && `by ${isolateName(chat.nameOf(by))}`,
    reason && `“${reason}”`,
  ]
    .filter(Boolean)
    .join(" · ");
}
