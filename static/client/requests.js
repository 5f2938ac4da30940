// Questions to the server, and which frames answer them. Where somebody waits for the answer, it and a refusal have the
// `clientId` of their question. What the client asks by itself is answered when its frame has come before its
// acknowledgement.
/** @import { Frame, SendResult, SystemFrame, UserFrame } from "./types.js" */

const OFFLINE = { code: "offline", message: "There is no connection." };
// The server could not do it now, or the room was left meanwhile.
const EXPECTED_CODES = new Set(["not_in_room", "rate_limited", "service_unavailable", "storage_unavailable"]);

/**
 * Returns whether a frame is told to one user, and is no part of a room's conversation.
 * @param {Frame} frame
 * @returns {frame is UserFrame}
 */
export function isUserFrame(frame) {
  return ["invited", "removed", "link", "members"].includes(frame.type ?? "");
}

/**
 * Returns who sent what with which id, of all that a frame tells.
 * @param {Frame} frame
 * @returns {{ author?: string, clientId?: string }[]}
 */
export function sentItems(frame) {
  if (frame.type === "joined" || frame.type === "history") return frame.messages.flatMap(sentItems);
  if (frame.type === "since") return frame.entries.flatMap(sentItems);
  if (frame.type === undefined) return [{ author: frame.user ?? frame.from, clientId: frame.clientId }];
  return "by" in frame && !isUserFrame(frame) ? [{ author: frame.by, clientId: frame.clientId }] : [];
}

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
