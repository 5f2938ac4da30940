// A box for a person's name, which suggests people.
import { findPerson, knownPeople, suggestPeople } from "../client/people.js";
import { createAvatar, createElement } from "../view/dom.js";
import { createField, newId } from "./controls.js";

const MAX_SUGGESTIONS = 6;

/**
 * Returns a field for a person. `read` returns the id of who is named, or nothing after it has shown what is wrong.
 * `isOffered` says whether a user is suggested.
 * @param {any} chat
 * @param {any} options
 */
export function createPersonField(chat, { label, hint = "", isOffered = () => true, ...properties }) {
  const list = createElement("ul", { id: newId(), className: "suggestions", role: "listbox", hidden: true });
  const field = createField({ label, hint, ...properties, role: "combobox", ariaExpanded: "false" });
  const { input, element } = field;
  let picked; // of several people with one name
  let chosen = -1;
  list.ariaLabel = "Suggestions";
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-autocomplete", "list");
  input.after(list);

  const people = () => knownPeople(chat).filter(({ user }) => isOffered(user));

  function show(suggestions) {
    chosen = -1;
    list.replaceChildren(...suggestions.map(createOption));
    list.hidden = !suggestions.length;
    input.ariaExpanded = String(!list.hidden);
    input.removeAttribute("aria-activedescendant");
  }

  function createOption(person) {
    const { user, name } = person;
    const id = user === name ? "" : createElement("small", {}, user);
    const option = createElement("li", { id: newId(), role: "option", ariaSelected: "false" });
    option.append(createAvatar(name, user), createElement("bdi", {}, name), id);
    option.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    option.addEventListener("click", () => pick(person));
    return option;
  }

  function pick(person) {
    picked = person;
    input.value = person.name;
    show([]);
  }

  function choose(index) {
    const options = [...list.children];
    chosen = (index + options.length) % options.length;
    for (const [position, option] of options.entries()) option.ariaSelected = String(position === chosen);
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  }

  function onKey(event) {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choose(chosen < 0 && step < 0 ? -1 : chosen + step);
    else if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && chosen >= 0) /** @type {HTMLElement} */ (list.children[chosen]).click();
    else return;
    event.preventDefault();
  }

  const suggest = () => show(suggestPeople(input.value, people(), MAX_SUGGESTIONS));

  // Nothing moves under a press that takes the focus away: its click would reach nothing.
  function closeAfterPress() {
    const close = () => setTimeout(() => input.matches(":focus") || show([]));
    const ends = document.querySelector(":active") ? ["pointerup", "pointercancel"] : [];
    for (const event of ends) addEventListener(event, close, { once: true });
    if (!ends.length) close();
  }

  input.addEventListener("input", suggest);
  input.addEventListener("focus", suggest);
  input.addEventListener("blur", closeAfterPress);
  input.addEventListener("keydown", onKey);

  return {
    element,
    fail: field.fail,

    read() {
      const isPicked = picked?.name === input.value;
      const found = isPicked ? picked : findPerson(input.value, people());
      if (found.error) field.fail(found.error);
      return found.user;
    },

    clear() {
      picked = undefined;
      input.value = "";
      show([]);
    },
  };
}
