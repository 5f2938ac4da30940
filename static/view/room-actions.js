// What buttons do that are about people, invitations, and messages as moderators see them. Each gets the message, if any, and
// its button.

/** Returns the actions by name. */
export function createRoomActions(page) {
  const { chat, panels } = page;

  // A refusal is told in the current room: there is no panel to show it.
  async function tellRefusal(request) {
    try {
      await request;
    } catch (/** @type {any} */ refusal) {
      page.announce(refusal.message);
      chat.addNotice(chat.room, refusal.message, "error");
    }
  }

  async function decline(room) {
    try {
      await chat.request("decline", { room });
    } finally {
      chat.invitations.byRoom.delete(room); // one that is not valid any more is not shown either
      page.screen.scheduleRender();
    }
  }

  return {
    "show-person": (_, { value }) => page.openPerson(value),
    "decline-invitation": (_, { value }) => tellRefusal(decline(value)),
    report: (message) => panels.open("report", { message }),
    pin({ id }) {
      const event = chat.room.rules.pinned.has(id) ? "unpin" : "pin";
      tellRefusal(chat.request(event, { id }));
    },
  };
}
