// The choice of which messages of a room notify the user; it is kept for the user, on all devices.
import { createElement, setContent } from "../view/dom.js";

const LEVELS = [
  ["all", "All messages"],
  ["mentions", "Only mentions of me"],
  ["none", "Nothing"],
];

/** Returns the choice for a room as a group of radio buttons; its `update` shows what was chosen on another device. */
export function createLevelChoice(page, room) {
  const problem = createElement("p", { role: "alert" });
  const inputs = LEVELS.map(([level, label]) => {
    const input = createElement("input", { type: "radio", name: `level of ${room.name}`, value: level });
    input.addEventListener("change", () => choose(level));
    return { level, input, label: createElement("label", {}, input, label) };
  });

  async function choose(level) {
    const former = room.level;
    room.level = level;
    setContent(problem, "");
    try {
      await page.chat.request("level", { room: room.name, level });
    } catch (refusal) {
      room.level = former;
      setContent(problem, await page.describeRefusal(refusal));
    }
    update();
    page.screen.scheduleRender();
  }

  function update() {
    for (const { level, input } of inputs) input.checked = level === room.level;
  }

  const labels = inputs.map(({ label }) => label);
  const element = createElement("fieldset", {}, createElement("legend", {}, "Notify me of"), ...labels, problem);
  setContent(problem, "");
  update();
  return Object.assign(element, { update });
}
