// Questions whose answer somebody waits for. An answer and a refusal have the `clientId` of their question.
import { isUserFrame } from "./frames.js";
/** @import { Frame, SendResult } from "./types.js" */

const OFFLINE = { code: "offline", message: "There is no connection." };

/** Why a question was not answered. `code` is one of docs/protocol.md, or `offline`; `retryAfter` is in seconds. */
export class Refusal extends Error {
  /** @param {{ code?: string, message?: string, retryAfter?: number }} refusal */
  constructor({ code = "internal_error", message, retryAfter }) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/**
 * Returns what asks and takes the answers.
 * @param {(event: string, data: object) => Promise<SendResult>} send
 */
export function createRequests(send) {
  /** @type {Map<string, { isApart: boolean, answer?: Frame, refusal?: Refusal }>} by client id */
  const open = new Map();
  let count = 0;

  return {
    /**
     * Sends an event, and returns the frame that answers it, or undefined where none came. Raises a Refusal.
     * @param {string} event
     * @param {object} data
     * @param {{ isApart?: boolean }} [options] `isApart`: the answer is only for who asks, and changes nothing of the room
     * @returns {Promise<Frame | undefined>}
     */
    async request(event, data, { isApart = false } = {}) {
      count += 1;
      const clientId = `request-${crypto.getRandomValues(new Uint32Array(2)).join("-")}-${count}`;
      open.set(clientId, { isApart });
      const result = await send(event, { clientId, ...data });
      const { answer, refusal } = open.get(clientId) ?? {};
      open.delete(clientId);
      if (refusal) throw refusal;
      if (!result.ok) throw new Refusal(result.error ? { message: result.error } : OFFLINE);
      return answer;
    },

    /**
     * Returns whether somebody waits for the frame, as an answer that nobody else has to be told of.
     * @param {Frame} frame
     */
    isAwaited(frame) {
      const question = "clientId" in frame && frame.clientId && open.get(frame.clientId);
      if (!question) return false;
      return question.isApart || isUserFrame(frame) || (frame.type === "system" && frame.event === "notice");
    },

    /**
     * Notes an answer or a refusal. Returns whether the frame is a refusal that somebody waits for.
     * @param {Frame} frame
     */
    receive(frame) {
      const question = "clientId" in frame && frame.clientId && open.get(frame.clientId);
      if (!question) return false;
      const isRefusal = frame.type === "system" && frame.event === "error";
      if (isRefusal) question.refusal = new Refusal(frame);
      else question.answer ??= frame;
      return isRefusal;
    },
  };
}
