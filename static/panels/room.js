// The panel of the room: what it is called, who is in it, what is pinned, its moderation, and how one leaves it.
import { canModerate } from "../client/members.js";
import { titleOf } from "../client/room.js";
import { byId, createElement, setContent } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import { createConfirmedButton, createField, createForm, createOutcome, createSection, perform } from "./controls.js";
import { createInvitationSection } from "./invitation-section.js";
import { createModerationSection } from "./moderation-section.js";
import { createLevelChoice } from "./notification-level.js";
import { createPinnedSection } from "./pinned-section.js";
import { createRoomPanel, followRoom } from "./room-panel.js";

const MAX_TITLE_LENGTH = 64;

/** Returns the panel. */
export function createPanel(page) {
  return createRoomPanel(page, "Room", (room, onAnswers) => buildRoom(page, room, onAnswers));
}

function buildRoom(page, room, onAnswers) {
  const { chat } = page;
  const head = createHead(page, room);
  const lists = createLists();
  const notifications = createNotificationSection(page, room);
  const invitation = createInvitationSection(page, room);
  const pinned = createPinnedSection(page, room);
  const moderation = createModerationSection(page, room);
  const leaving = createLeaveSection(page, room);
  const parts = [head, lists, notifications, invitation, pinned, moderation, leaving];
  let answers = {};

  function questions() {
    if (room.kind === "direct") return [];
    return canModerate(room) ? ["members", "rules", "reports"] : ["members"];
  }

  const following = followRoom(chat, room, questions, (given) => {
    answers = given;
    onAnswers();
  });
  let isModerator = canModerate(room);

  function update() {
    following.check();
    if (isModerator !== canModerate(room)) {
      isModerator = canModerate(room);
      following.refresh();
    }
    for (const part of parts) part.update(room, answers);
  }

  const [first, ...others] = parts.map(({ element }) => element);
  const elements = [first, following.element, ...others];
  return { elements, update, stop: following.stop };
}

const KINDS = {
  public: "Public room: everybody can join it.",
  private: "Private room: only its members can find it.",
  direct: "Conversation of two people.",
};

function createHead({ chat }, room) {
  const title = createElement("bdi", { className: "room-title" });
  const kind = createElement("p");
  const outcome = createOutcome();
  const field = createField({ label: "New title", maxLength: MAX_TITLE_LENGTH });
  const form = createForm("Rename", rename, field.element);
  const details = createElement("details", {}, createElement("summary", {}, "Rename"), form);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    field.input.value = room.title;
    field.input.focus();
  });

  async function rename(button) {
    const text = field.input.value.trim();
    if (!text) {
      field.fail("Type a title.");
      return;
    }
    const isDone = await perform(
      button,
      outcome,
      () => chat.request("rename", { room: room.name, title: text }),
      "The room has its new title.",
    );
    if (!isDone) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  }

  return {
    element: createElement("section", { className: "room-head" }, title, kind, details, outcome.element),
    update() {
      setContent(title, titleOf(room, chat));
      title.classList.toggle("public", room.kind === "public");
      const role = ["owner", "moderator"].includes(room.rules.role ?? "") ? ` You are its ${room.rules.role}.` : "";
      setContent(kind, KINDS[room.kind] + role);
      details.hidden = !canModerate(room);
    },
  };
}

// The panels of which the room's is the first.
function createLists() {
  const create = (panel) => {
    const button = createElement("button", { value: panel });
    button.dataset.action = "open-panel";
    return button;
  };
  const [members, reports, audit] = ["members", "reports", "audit"].map(create);
  return {
    element: createElement("section", { className: "links" }, members, reports, audit),
    update(room, { members: answer, reports: reported }) {
      members.hidden = room.kind === "direct";
      const count = room.kind === "private" && answer ? ` (${answer.members.length})` : "";
      setContent(members, room.kind === "direct" ? "" : `Members and roles${count}`);
      setContent(reports, canModerate(room) && `Reported messages${reported?.open ? ` (${reported.open})` : ""}`);
      setContent(audit, canModerate(room) && "What moderators did");
    },
  };
}

function createNotificationSection(page, room) {
  const choice = createLevelChoice(page, room);
  return { element: createElement("section", {}, choice), update: choice.update };
}

const LEAVING = {
  public: "It leaves your list. You can join it again.",
  private: "It leaves your list. You stay a member, and can come back by its address.",
  direct: "It leaves your list, and comes back when one of you opens it again.",
};

function createLeaveSection(page, room) {
  const { chat, panels, announce } = page;
  const outcome = createOutcome();
  const leave = createElement("button", {}, "Leave the room");
  const hint = createElement("small", {}, LEAVING[room.kind]);
  const handOver = createElement(
    "small",
    {},
    "Before you give up the membership, hand the room over to another member.",
  );
  const giveUp = createConfirmedButton({
    label: "Give up the membership",
    question: "You come back only by a new invitation.",
    answer: "Give up the membership",
    onConfirm: (button) => end(button, "remove", { user: chat.me }, "You are no member any more of"),
  });

  async function end(button, event, data, words) {
    const title = titleOf(room, chat);
    if (!(await perform(button, outcome, () => chat.request(event, { room: room.name, ...data })))) return;
    panels.close();
    byId("message-box").focus();
    announce(`${words} ${isolateName(title)}.`);
  }

  leave.addEventListener("click", () => end(leave, "leave", {}, "You left"));
  const isLobby = room.name === page.session.lobby;
  const section = createSection("Leave", leave, hint, giveUp, handOver, outcome.element);
  section.hidden = isLobby;
  return {
    element: section,
    update(_, { members }) {
      const isBound = room.rules.role === "owner" && members?.members.length !== 1;
      giveUp.hidden = room.kind !== "private" || isBound;
      handOver.hidden = room.kind !== "private" || !isBound;
    },
  };
}
