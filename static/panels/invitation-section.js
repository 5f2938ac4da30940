// How others come into the room: by an invitation, by a link, or by its address.
import { canModerate } from "../client/members.js";
import { createElement } from "../view/dom.js";
import { isolateName } from "../view/format.js";
import {
  createConfirmedButton,
  createForm,
  createOutcome,
  createSection,
  formatMoment,
  newId,
  perform,
} from "./controls.js";
import { createPersonField } from "./person-field.js";

/** Returns the section of the room's panel: its `element`, and `update`. */
export function createInvitationSection(page, room) {
  const parts = room.kind === "private" ? createPrivateParts(page, room) : createAddressParts(room);
  const section = createSection("Invite", ...parts.elements);
  return {
    element: section,
    update(_, answers) {
      section.hidden = room.kind === "direct" || (room.kind === "private" && !canModerate(room));
      parts.update(answers);
    },
  };
}

function createAddressParts(room) {
  const outcome = createOutcome();
  const shared = createSharedText("Address of the room");
  const copy = createElement("button", {}, "Copy the address");
  copy.addEventListener("click", () => shared.share(addressOf(room.name), outcome));
  return { elements: [copy, shared.element, outcome.element], update() {} };
}

function createPrivateParts({ chat }, room) {
  const outcome = createOutcome();
  let members = new Set();
  const field = createPersonField(chat, { label: "Invite by name", isOffered: (user) => !members.has(user) });
  const form = createForm("Invite", invite, field.element);

  async function invite(button) {
    const user = field.read();
    if (!user) return;
    const ask = () => chat.request("invite", { room: room.name, user });
    if (await perform(button, outcome, ask, `${isolateName(chat.nameOf(user))} is invited.`)) field.clear();
  }

  const links = createLinkParts(chat, room);
  return {
    elements: [form, outcome.element, ...links.elements],
    update(answers) {
      members = new Set((answers.members?.members ?? []).map(({ user }) => user));
      links.update(answers);
    },
  };
}

function createLinkParts(chat, room) {
  const outcome = createOutcome();
  const shared = createSharedText("Invitation link");
  const until = createElement("small");
  const make = createElement("button", {}, "Copy an invitation link");
  const end = createConfirmedButton({
    label: "End all links",
    question: "Links that were shared do not work any more. Members stay.",
    answer: "End all links",
    onConfirm: (button) => perform(button, outcome, endLinks, "All links have ended."),
  });

  async function endLinks() {
    await chat.request("unlink", { room: room.name });
    shared.clear();
    until.textContent = "";
  }

  make.addEventListener("click", async () => {
    let link;
    const ask = async () => {
      link = await chat.request("link", { room: room.name });
    };
    if (!(await perform(make, outcome, ask))) return;
    await shared.share(addressOf(`join=${room.name}.${link.secret}`), outcome);
    until.textContent = `Whoever opens it until ${formatMoment(link.until)} becomes a member.`;
  });

  return {
    elements: [make, shared.element, until, outcome.element, end],
    update({ rules }) {
      end.hidden = !rules?.links.length;
    },
  };
}

function addressOf(hash) {
  return new URL(`#${hash}`, location.href).href;
}

// A text that is copied, and shown so that it can be copied by hand.
function createSharedText(label) {
  const box = createElement("input", { id: newId(), readOnly: true, ariaLabel: label, hidden: true });
  box.addEventListener("focus", () => box.select());
  return {
    element: box,
    async share(text, outcome) {
      Object.assign(box, { value: text, hidden: false });
      try {
        await navigator.clipboard.writeText(text);
        outcome.say("Copied.");
      } catch {
        // No secure context, or no permission.
        box.focus();
        outcome.say("Copy this text.");
      }
    },
    clear: () => Object.assign(box, { value: "", hidden: true }),
  };
}
