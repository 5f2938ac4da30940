// What the buttons of the page do that belong to no message, or to what is loaded when it is first needed.
import { byId, isEmbedded } from "./dom.js";

const NEXT_THEME = { "": "light", light: "dark", dark: "" };

/** Returns the actions by name. Each gets the message that its button belongs to, if any, and the button. */
export function createPageActions(page) {
  const { chat, screen, panels, session } = page;
  const { style } = document.documentElement;

  // Loaded with the first of them.
  function roomAction(action) {
    return async (message, button) => {
      const { createRoomActions } = await import("./room-actions.js");
      createRoomActions(page)[action](message, button);
    };
  }

  return {
    "show-quoted": ({ room, replyTo }) => screen.showEntry(room, { id: replyTo.id }),
    "copy-link": async (message) => (await import("./sharing.js")).copyLink(chat, message),
    "show-person": (_, { value }) => page.openPerson(value),
    "load-gap": (_, { value }) => chat.loadGap(Number(value), Infinity),
    "show-end": screen.showEnd,
    connect() {
      const { connectionState: state } = chat;
      if (state.name !== "signed out") {
        chat.connection.probe();
        return;
      }
      // In a frame the first screen opens a window.
      if (state.user || isEmbedded()) location.reload();
      else location.assign(session.signIn);
    },
    report: roomAction("report"),
    pin: roomAction("pin"),
    "accept-invitation": (_, { value }) => page.acceptInvitation(value),
    "decline-invitation": roomAction("decline-invitation"),
    reload: () => location.reload(),
    "open-panel": (_, { value }) => panels.toggle(value),
    "close-panel": panels.close,
    "switch-theme"() {
      style.colorScheme = NEXT_THEME[style.colorScheme];
      localStorage.setItem("chat.theme", style.colorScheme);
      screen.scheduleRender();
    },
    "leave-room": roomAction("leave-room"),
    "focus-composer": () => byId("message-box").focus(),
    "sign-out": async () => (await import("./sign-out.js")).signOut(page),
  };
}
