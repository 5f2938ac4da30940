// The messages that members have reported, for the moderators of the room.
import { canActOn, canModerate } from "../client/members.js";
import { createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import {
  createBackButton,
  createConfirmedButton,
  createOutcome,
  createSection,
  formatMoment,
  perform,
  renderItems,
} from "./controls.js";
import { createQuote } from "./pinned-section.js";
import { createRoomPanel, followRoom } from "./room-panel.js";

const REFRESH_MS = 30_000; // nobody is told of a new report
const HOUR_SECONDS = 3600;

/** Returns the panel. */
export function createPanel(page) {
  return createRoomPanel(page, "Reported messages", (room, onAnswers) => buildReports(page, room, onAnswers));
}

function buildReports(page, room, onAnswers) {
  const { chat } = page;
  const outcome = createOutcome();
  const list = createElement("ul", { className: "reports" });
  const state = createElement("p", {}, "Loading…");
  const section = createSection("Waiting for a moderator", outcome.element, state, list);
  let answers = {};

  const following = followRoom(
    chat,
    room,
    () => ["reports", "members"],
    (given) => {
      answers = given;
      onAnswers();
    },
  );
  const timer = setInterval(following.refresh, REFRESH_MS);

  function update() {
    following.check();
    const { reports: queue, members } = answers;
    const roles = new Map((members?.members ?? []).map(({ user, role }) => [user, role]));
    const items = canModerate(room) ? (queue?.reports ?? []) : [];
    if (queue) state.textContent = items.length ? "" : "Nothing is reported.";
    if (!canModerate(room)) state.textContent = "Only moderators of the room can read this.";
    renderItems(
      list,
      items.map((each) => describe(each, roles)),
      ({ id }) => id,
      build,
    );
  }

  function describe({ id, message, reports }, roles) {
    const { user = "", from = "", sentAt, deletedAt, message: text } = message ?? {};
    const reasons = reports.map((report) => ({ name: chat.nameOf(report.user), reason: report.reason }));
    const isThere = Boolean(message) && !deletedAt;
    const canAct = isThere && canActOn(room, chat.me, user, roles.get(user) ?? "member");
    return { id, user, from, sentAt, text: isThere ? text : "Message deleted", isThere, canAct, reasons };
  }

  function build({ id, user, from, sentAt, text, isThere, canAct, reasons }) {
    const author = createElement("button", { value: user, className: "person" }, createElement("bdi", {}, from));
    author.dataset.action = "show-person";
    const when = sentAt ? createElement("small", {}, formatMoment(sentAt)) : "";
    const quote = isThere ? createQuote(page, room, { id, text }) : createElement("p", {}, text);
    const why = reasons.map(({ name, reason }) =>
      createElement("li", {}, createElement("bdi", {}, name), `: ${reason}`),
    );
    const acts = isThere ? [createDelete(id), ...(canAct ? createActs(user, from) : [])] : [];
    const buttons = createElement("div", { className: "buttons" }, ...acts, createDismiss(id));
    return [from ? createElement("p", {}, author, when) : "", quote, createElement("ul", {}, ...why), buttons];
  }

  async function act(control, event, data, done) {
    const ask = () => chat.request(event, { room: room.name, ...data });
    const isDone = await perform(control, outcome, ask, done);
    if (isDone) await following.refresh();
    return isDone;
  }

  // A message that is deleted needs no moderator any more.
  function createDelete(id) {
    return createConfirmedButton({
      label: "Delete",
      question: "Nobody can read the message any more.",
      answer: "Delete the message",
      onConfirm: async (button) => {
        const ask = async () => {
          await chat.request("delete", { room: room.name, id });
          await chat.request("resolve", { room: room.name, id });
        };
        if (await perform(button, outcome, ask, "The message is deleted.")) await following.refresh();
      },
    });
  }

  function createActs(user, name) {
    const mute = createElement("button", {}, "Mute for 1 hour");
    const muted = `${isolateName(name)} is muted for 1 hour.`;
    mute.addEventListener("click", () => act(mute, "mute", { user, for: HOUR_SECONDS }, muted));
    const ban = createConfirmedButton({
      label: "Ban",
      question: `${isolateName(name)} leaves the room at once, and cannot come back until the ban is lifted.`,
      answer: `Ban ${name}`,
      onConfirm: (button) => act(button, "ban", { user }, `${isolateName(name)} is banned.`),
    });
    return [mute, ban];
  }

  function createDismiss(id) {
    const dismiss = createElement("button", {}, "Dismiss");
    dismiss.addEventListener("click", () => act(dismiss, "resolve", { id }, "The report is dismissed."));
    return dismiss;
  }

  function stop() {
    clearInterval(timer);
    following.stop();
  }

  return { elements: [createBackButton(), following.element, section], update, stop };
}
