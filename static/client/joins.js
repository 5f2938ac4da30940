// Joining rooms, and the private rooms that the user is invited to: how an invitation or a link is accepted. A join
// that was too much at once is sent again when the server says.
import { spread } from "./refresh.js";
import { beginJoin, forgetLog } from "./room.js";
/** @import { Invitation, Room, SendResult } from "./types.js" */

const SPREAD_MS = 400; // joins that were too much do not come all at once again

/**
 * Returns what joins rooms.
 * @param {object} options
 * @param {(room: Room) => Promise<boolean>} options.send
 * @param {() => boolean} options.isLive
 * @param {(room: Room) => void} options.onRefused the server has answered with an error
 * @param {() => void} options.onChange
 */
export function createJoins({ send, isLive, onRefused, onChange }) {
  /** @type {Map<Room, number>} in how many seconds a room may be joined that was too much */
  const postponed = new Map();

  /** @param {Room} room */
  async function join(room) {
    const { membership } = room;
    if (!isLive() || membership !== "idle") return;
    beginJoin(room);
    const isAcknowledged = await send(room);
    const isRefused = isAcknowledged && room.membership === "joining"; // an error frame came instead of a `joined` one
    if (room.membership === "joining") room.membership = "idle";
    const seconds = postponed.get(room);
    if (seconds && postponed.delete(room)) {
      setTimeout(() => join(room), seconds * 1000 + spread(SPREAD_MS));
      return;
    }
    if (isRefused) onRefused(room);
    onChange();
  }

  return {
    join,

    /**
     * Notes why a join was refused: what may not be read any more is not shown.
     * @param {Room} room
     * @param {string} [code]
     */
    noteRefusal(room, code) {
      if (code !== "unknown_room" && code !== "banned") return;
      room.isPlaced = false;
      forgetLog(room);
    },

    /**
     * Notes that a join was too much.
     * @param {Room} room
     * @param {number} seconds until it may be sent again
     */
    postpone(room, seconds) {
      postponed.set(room, seconds);
    },
  };
}

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
