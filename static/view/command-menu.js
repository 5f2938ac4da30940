// The menu of slash commands above the box.
import { byId, createElement, setContent } from "./dom.js";

const COMMANDS = [
  "/help",
  "/join room",
  "/leave",
  "/me waves",
  "/who",
  "/rooms",
  "/remind 10m tea",
  "/reminders",
  "/forget 1",
];

/**
 * Returns the commands that the text may become, with an example of what follows them.
 * @param {string} text
 */
export function matchCommands(text) {
  if (!/^\/\w*$/.test(text)) return [];
  return COMMANDS.filter((usage) => usage.startsWith(text.toLowerCase()));
}

/**
 * Returns the menu of the box, closed.
 * @param {HTMLTextAreaElement} box
 * @param {(usage: string) => void} onPick
 */
export function createCommandMenu(box, onPick) {
  const list = byId("command-menu");
  /** @type {string[]} */
  let options = [];
  let chosen = 0;

  /** @param {number} index counted round: -1 is the last option */
  function choose(index) {
    chosen = options.length ? (index + options.length) % options.length : 0;
    setContent(list, options.length ? `${box.value} ${chosen}` : "", () => options.map(createOption));
    box.setAttribute("aria-activedescendant", options.length ? `option${chosen}` : "");
  }

  /**
   * @param {string} usage
   * @param {number} index
   */
  function createOption(usage, index) {
    const properties = { id: `option${index}`, role: "option", ariaSelected: String(index === chosen) };
    const option = createElement("li", properties, usage);
    option.addEventListener("click", () => onPick(usage));
    return option;
  }

  return {
    /** Offers what the text of the box may become. */
    update() {
      options = matchCommands(box.value);
      choose(0);
    },

    /**
     * Moves the choice; returns whether the menu is open.
     * @param {number} step
     */
    moveChoice(step) {
      if (!options.length) return false;
      choose(chosen + step);
      return true;
    },

    /** Picks the chosen command, unless the box holds it already; returns whether it did. */
    pickChosen() {
      const usage = options[chosen];
      if (!usage || usage === box.value) return false;
      onPick(usage);
      return true;
    },
  };
}
