// What buttons do that are about people, invitations, and messages as moderators see them. Each gets the message, if any, and
// its button.
import { tellRefusal } from "./refusals.js";

/** Returns the actions by name. */
export function createRoomActions(page) {
  const { chat, panels } = page;

  async function decline(room) {
    try {
      await chat.request("decline", { room });
    } finally {
      chat.invitations.byRoom.delete(room); // one that is not valid any more is not shown either
      page.screen.scheduleRender();
    }
  }

  return {
    "leave-room": (_, { value: room }) => tellRefusal(page, chat.request("leave", { room })),
    "decline-invitation": (_, { value }) => tellRefusal(page, decline(value)),
    report: (message) => panels.open("report", { message }),
    pin({ id }) {
      const event = chat.room.rules.pinned.has(id) ? "unpin" : "pin";
      tellRefusal(page, chat.request(event, { id }));
    },
  };
}
