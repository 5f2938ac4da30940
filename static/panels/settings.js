// Settings of this browser: notifications and the theme.
import { userStorage } from "../client/user-storage.js";
import { createButton, createElement, setContent } from "../view/dom.js";
import { notificationState, wantNotifications } from "../view/notifications.js";

const STATES = {
  on: "On. This browser tells you of new messages while you do not look at the chat.",
  off: "Off. This browser tells you nothing.",
  denied:
    "Your browser blocks notifications of this site. Allow them in the settings of the site (at the lock or the sliders beside the address), then come back here.",
  unsupported:
    "This browser shows no notifications of this site. It needs an address that begins with https. On an iPhone or iPad, add the chat to the home screen first.",
};
const THEMES = [
  ["", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** Returns the panel with the settings. */
export function createPanel(page) {
  const { chat } = page;
  const themes = createThemeChoice(page);
  const content = createElement("div", { className: "settings" }, createNotificationSwitch(chat), themes);
  return { title: "Settings", content, update: themes.update };
}

function createNotificationSwitch({ me }) {
  const storage = userStorage(localStorage, me);
  const text = createElement("p", { role: "status" });
  const button = createElement("button", { className: "primary" });

  function show(state) {
    text.textContent = STATES[state];
    setContent(button, { on: "Turn off", off: "Turn on notifications" }[state]);
  }

  button.addEventListener("click", async () => {
    show(await wantNotifications(storage, notificationState(storage) !== "on"));
  });
  show(notificationState(storage));
  const rooms = createButton("open-panel", { value: "room" }, "Choose for this room");
  const hint = createElement("p", {}, "Each room has its own choice: all messages, only mentions of you, or nothing.");
  return createElement("section", {}, createElement("h3", {}, "Notifications"), text, button, hint, rooms);
}

function createThemeChoice({ screen }) {
  const { style } = document.documentElement;
  const inputs = THEMES.map(([value, label]) => {
    const input = createElement("input", { type: "radio", name: "theme", value });
    input.addEventListener("change", () => {
      style.colorScheme = value;
      localStorage.setItem("chat.theme", value);
      screen.scheduleRender();
    });
    return { value, input, label: createElement("label", {}, input, label) };
  });
  const update = () => {
    for (const { value, input } of inputs) input.checked = style.colorScheme === value;
  };
  update();
  const labels = inputs.map(({ label }) => label);
  const group = createElement("fieldset", {}, createElement("legend", {}, "Theme"), ...labels);
  return Object.assign(group, { update });
}
