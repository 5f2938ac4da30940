// What the buttons of the page do that belong to no message, or to what is loaded when it is first needed.
import { byId, isEmbedded } from "./dom.js";
import { deferActions } from "./loading.js";

const NEXT_THEME = { "": "light", light: "dark", dark: "" };

/** Returns the actions by name. Each gets the message that its button belongs to, if any, and the button. */
export function createPageActions(page) {
  const { chat, screen, panels, session } = page;
  const { style } = document.documentElement;

  return {
    ...deferActions(["more-emoji", "insert-emoji"], async () => {
      return (await import("../panels/emoji.js")).createEmojiActions(page);
    }),
    ...deferActions(["report", "pin", "decline-invitation", "leave-room"], async () => {
      return (await import("./room-actions.js")).createRoomActions(page);
    }),
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
    "accept-invitation": (_, { value }) => page.acceptInvitation(value),
    reload: () => location.reload(),
    "open-panel": (_, { value }) => panels.toggle(value),
    "close-panel": panels.close,
    "switch-theme"() {
      style.colorScheme = NEXT_THEME[style.colorScheme];
      localStorage.setItem("chat.theme", style.colorScheme);
      screen.scheduleRender();
    },
    "focus-composer": () => byId("message-box").focus(),
    "sign-out": async () => (await import("./sign-out.js")).signOut(page),
  };
}
