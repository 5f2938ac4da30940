// Questions that the client asks by itself: a question is answered when its frame has come before its acknowledgement.
/** @import { Frame, SendResult, SystemFrame } from "./types.js" */

// The server could not do it now, or the room was left meanwhile.
const EXPECTED_CODES = new Set(["not_in_room", "service_unavailable", "storage_unavailable"]);

/**
 * Returns what asks and takes the answers.
 * @param {(event: string, data: object) => Promise<SendResult>} send
 */
export function createQuestions(send) {
  /** @type {Map<string, { isAnswered: boolean }>} by event and room */
  const open = new Map();

  return {
    /**
     * Sends the event, and returns whether it was answered. The user is not told of a failure: it is asked again later.
     * @param {string} event
     * @param {{ room?: string } & Record<string, unknown>} data
     */
    async ask(event, data) {
      const question = { isAnswered: event === "read" }; // has no frame as its answer
      const key = keyOf(event, data.room);
      open.set(key, question);
      const { ok } = await send(event, data);
      if (open.get(key) === question) open.delete(key);
      return ok && question.isAnswered;
    },

    /**
     * Notes the answer, before it is applied.
     * @param {Frame} frame
     */
    receive(frame) {
      const question = frame.type && open.get(keyOf(frame.type, frame.room));
      // The roster may be known while storage cannot be read.
      const isUnreadable = "head" in frame && frame.head === null && frame.type !== "roster";
      if (question && !isUnreadable) question.isAnswered = true;
    },

    /**
     * Returns whether an error frame belongs to a question rather than to something that the user did.
     * @param {SystemFrame} frame
     */
    isRefusal({ room, code = "", clientId }) {
      if (clientId || !EXPECTED_CODES.has(code)) return false;
      const question = [...open].find(([key]) => !room || key.endsWith(` ${room}`))?.[1];
      if (question) question.isAnswered = false;
      return Boolean(question);
    },
  };
}

/**
 * @param {string} event
 * @param {string} [room]
 */
function keyOf(event, room = "") {
  return `${event} ${room}`;
}
