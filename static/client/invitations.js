// The private rooms that the user is invited to, and how an invitation or a link is accepted.
/** @import { Invitation, SendResult } from "./types.js" */

/**
 * Returns the invitations; an acceptance waits until there is a connection.
 * @param {(event: string, data: object) => Promise<SendResult>} send
 */
export function createInvitations(send) {
  /** @type {Map<string, Invitation>} */
  const byRoom = new Map();
  /** @type {{ room: string, secret?: string } | null} */
  let accepted = null; // the server was not told of it yet

  async function sendAccepted() {
    if (!accepted) return;
    const invitation = accepted;
    accepted = null;
    const result = await send("accept", invitation);
    if (!result.ok && !result.error) accepted = invitation;
  }

  return {
    byRoom,

    /** Tells the server what was accepted while there was no connection. */
    sendAccepted,

    /**
     * Accepts an invitation, or a link by its secret.
     * @param {string} room
     * @param {string} [secret]
     */
    accept(room, secret) {
      accepted = { room, secret };
      sendAccepted();
    },

    /**
     * Takes over which invitations there are.
     * @param {Invitation[]} invitations
     */
    replace(invitations) {
      byRoom.clear();
      for (const invitation of invitations) byRoom.set(invitation.room, invitation);
    },
  };
}
