// The address of the page names the room that is shown, and perhaps a message of it: `#room`, `#room/123`, `#~room/123`.
import { byId } from "./dom.js";
import { focusComposer } from "./keyboard.js";

const INVITATION = "#join=";

/**
 * Returns what follows the address. `page` is what panels are given; `accept` takes the invitation of an address,
 * `~room.secret`.
 */
export function createAddresses(page, lobby, accept) {
  const { chat, screen, composer } = page;
  let jump; // shows a message of any age in its place; loaded when it is needed

  async function loadJump() {
    const { createJump } = await import("./jump.js");
    return (jump ??= createJump(page, enter));
  }

  function enter(room) {
    chat.openRoom(room);
    screen.clearUnreadMark();
    composer.openRoom(chat.room.name);
    byId("rooms").hidePopover();
    screen.showRoom();
    if (!byId("panel").contains(document.activeElement)) focusComposer();
  }

  // The history of the browser knows the place in which the reader was before a jump.
  async function open(event) {
    if (location.hash.startsWith(INVITATION)) {
      const invitation = location.hash.slice(INVITATION.length);
      history.replaceState(null, "", `#${chat.room.name}`);
      accept(invitation);
      return;
    }
    const [, room, number] = location.hash.match(/^#?(.*?)(?:\/(\d+))?$/) ?? [];
    const seq = Number(number);
    const place = history.state?.place ?? (seq > 0 ? { seq } : undefined);
    const isHere = event?.type === "hashchange" && chat.room.name === room;
    if (!isHere || !place) enter(room || lobby);
    if (place) (await loadJump()).comeTo(chat.room.name, place);
  }

  addEventListener("hashchange", open);

  return {
    /** Opens the room that the address names. */
    open,

    /** Names another room; this opens it. */
    set(room) {
      location.hash = room.trim().replace(/^#/, "").toLowerCase();
    },

    /** Shows the message `{ id }` or `{ seq }` of a room in its place, whatever its age. */
    async showEntry(room, message) {
      (await loadJump()).goTo(room, message);
    },

    /** Goes on with a jump after a rendering. */
    update: () => jump?.update(),

    /** Returns whether the room is only passed through, to a message of it. */
    isJumping: () => Boolean(jump?.isActive()),
  };
}
