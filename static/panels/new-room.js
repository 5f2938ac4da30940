// Making a room, talking with one person, and entering a room by its name or a link.
import { byId, createElement } from "../view/dom.js";
import { cleanRoomName, describeRoomNameError, parseRoomAddress } from "../view/room-address.js";
import { enterRoom } from "../view/room-box.js";
import { describeRefusal } from "../view/words.js";
import { createField, createForm, newId, perform } from "./controls.js";
import { createPersonField } from "./person-field.js";

const MAX_TITLE_LENGTH = 64;

/** Returns the panel; `kind` of the options is what is chosen first. */
export function createPanel(page, { kind = "public" }) {
  const choices = createChoices(page);
  const group = newId();
  const options = Object.entries(choices).map(([value, { label, hint, form }]) => {
    const radio = createElement("input", { type: "radio", name: group, value, id: newId(), checked: value === kind });
    radio.addEventListener("change", () => show(value));
    const text = createElement("span", {}, label, createElement("small", {}, hint));
    form.hidden = value !== kind;
    return createElement("label", { className: "kind", htmlFor: radio.id }, radio, text);
  });
  const legend = createElement("legend", { className: "visually-hidden" }, "What do you want to do?");
  const kinds = createElement("fieldset", { className: "kinds" }, legend, ...options);

  function show(value) {
    for (const [each, { form }] of Object.entries(choices)) form.hidden = each !== value;
  }

  const forms = Object.values(choices).map(({ form }) => form);
  return { title: "New room", content: createElement("div", { className: "room-panel" }, kinds, ...forms) };
}

function createChoices(page) {
  return {
    public: { label: "Public room", hint: "Everybody can find and join it.", form: createPublicForm(page) },
    private: { label: "Private room", hint: "Only who is invited can find it.", form: createPrivateForm(page) },
    direct: { label: "Direct message", hint: "You and one other person.", form: createDirectForm(page) },
    join: { label: "Join a room", hint: "By its name, or by a link.", form: createJoinForm(page) },
  };
}

// Asks, and goes to the room that the answer has joined. A refusal is shown at the field.
async function enter({ panels }, button, field, work) {
  const problem = { clear() {}, say() {}, fail: (refusal) => field.fail(describeRefusal(refusal)) };
  if (!(await perform(button, problem, work))) return;
  panels.close();
  byId("message-box").focus();
}

function createPublicForm(page) {
  const { limits } = page.session;
  const check = (text) => describeRoomNameError(text, limits);
  const hint = "Letters a to z, digits, - and _.";
  const field = createField({ label: "Name of the room", hint, check, autocapitalize: "none", spellcheck: false });
  return createForm("Create", submit, field.element);

  function submit(button) {
    const error = check(field.input.value);
    const room = cleanRoomName(field.input.value);
    if (error) field.fail(error);
    else enter(page, button, field, () => page.chat.request("create", { kind: "public", room }));
  }
}

function createPrivateForm(page) {
  const field = createField({
    label: "Title of the room",
    hint: "People see it in their list.",
    maxLength: MAX_TITLE_LENGTH,
  });
  return createForm("Create", submit, field.element);

  function submit(button) {
    const title = field.input.value.trim();
    if (!title) field.fail("Give the room a title.");
    else enter(page, button, field, () => page.chat.request("create", { kind: "private", title, room: undefined }));
  }
}

function createDirectForm(page) {
  const field = createPersonField(page.chat, { label: "Name of the person" });
  return createForm("Message", submit, field.element);

  function submit(button) {
    const user = field.read();
    if (user) enter(page, button, field, () => page.chat.request("direct", { user }));
  }
}

function createJoinForm(page) {
  const field = createField({ label: "Name or link of the room", autocapitalize: "none", spellcheck: false });
  return createForm("Join", submit, field.element);

  function submit(button) {
    const found = parseRoomAddress(field.input.value, location.href, page.session.limits);
    if ("error" in found) {
      field.fail(found.error);
    } else {
      enter(page, button, field, () => enterRoom(page, found));
    }
  }
}
