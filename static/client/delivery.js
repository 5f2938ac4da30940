// Sending what is in the outbox, in its order: some items at a time, the changes of one message one after the other.
// What the server refuses because it was too much waits until it may be sent; then one item goes at a time, until none
// waits. Of any other refusal the user is told: at the message or change, at the composer, or as an entry of the room.
/** @import { openOutbox } from "./outbox.js" */
/** @import { ChatOptions, Room, SendResult, SystemFrame, Unsent, UnsentMessage } from "./types.js" */

const FRAME_MS = 3000; // after this time an accepted change is no longer shown as being on its way
const MAX_IN_FLIGHT = 10; // fewer than any limit of the server lets through at once
const PASSING = ["internal_error", "service_unavailable", "storage_unavailable"]; // the same may work a moment later

/**
 * Returns what sends the items of the outbox.
 * @param {object} options
 * @param {ReturnType<typeof openOutbox>} options.outbox
 * @param {(event: string, data: object) => Promise<SendResult>} options.send
 * @param {() => void} options.onChange
 * @param {ChatOptions["describeRefusal"]} [options.describe] returns why something failed, in words for people
 */
export function createDelivery({ outbox, send, onChange, describe }) {
  /** @type {Set<string>} ids of what was sent and is not answered */
  const sending = new Set();
  /** @type {Set<string>} ids of what was sent and has to be sent again later */
  const postponed = new Set();
  let inFlight = MAX_IN_FLIGHT;
  let pauseTimer = 0;
  let pausedUntil = 0;

  /** @param {Unsent} item */
  function keep(item) {
    outbox.put(item);
    onChange();
  }

  /** @param {string} id */
  function remove(id) {
    if (!outbox.get(id)) return;
    outbox.remove(id);
    onChange();
  }

  /** @param {Unsent} item */
  function deliver(item) {
    keep({ ...item, state: "pending", error: undefined, isDelayed: Boolean(pauseTimer) });
    sendWaiting();
  }

  function sendWaiting() {
    if (pauseTimer) return;
    const waiting = outbox.all().filter(({ id, state }) => state === "pending" && !sending.has(id));
    if (!waiting.length) inFlight = MAX_IN_FLIGHT;
    for (const item of waiting) {
      if (sending.size >= inFlight) return;
      if (item.kind === "message" || isNext(item)) transmit(item);
    }
  }

  /** @param {Unsent} item */
  async function transmit(item) {
    const { id } = item;
    sending.add(id);
    if (item.isDelayed) keep({ ...item, isDelayed: false });
    const result = await send(item.kind, eventData(item));
    sending.delete(id);
    const isPostponed = postponed.delete(id);
    if (!result.ok && !result.error) return; // it is sent after the next connect
    if (!result.ok) fail(id, { message: result.error });
    else if (!isPostponed) onAccepted(id);
    sendWaiting();
  }

  // Several changes of one message: the server must get them in the order in which they were made.
  /** @param {Unsent} item */
  function isNext(item) {
    const target = item.kind !== "message" && item.target;
    const first = outbox
      .all()
      .find((other) => other.kind !== "message" && other.target === target && other.state === "pending");
    return first?.id === item.id;
  }

  /** @param {string} id */
  function onAccepted(id) {
    const item = outbox.get(id);
    if (item?.state !== "pending") return; // its frame has arrived, or a refusal
    if (isCommand(item)) {
      remove(id);
      return;
    }
    keep({ ...item, state: "sent" });
    // A change that changed nothing may have no frame of its own.
    if (item.kind !== "message") setTimeout(() => remove(id), FRAME_MS);
  }

  /**
   * @param {string} id
   * @param {{ code?: string, message?: string, retryAfter?: number }} refusal
   */
  function fail(id, refusal) {
    const item = outbox.get(id);
    if (!item) return;
    keep({ ...item, state: "failed", error: "" });
    tellRefusal(refusal, describe, (error) => {
      const failed = outbox.get(id);
      if (failed?.state === "failed") keep({ ...failed, error });
    });
  }

  function endPause() {
    pauseTimer = 0;
    sendWaiting();
  }

  return {
    deliver,

    /** Notes that the server has refused an item. */
    fail,

    /** Forgets an item: its frame has come, or the user has discarded it. */
    remove,

    /**
     * Keeps an item that was too much; everything that waits is sent after this time.
     * @param {string} id
     * @param {number} seconds
     * @returns {boolean} whether there is such an item
     */
    postpone(id, seconds) {
      const item = outbox.get(id);
      if (!item) return false;
      if (sending.has(id)) postponed.add(id);
      inFlight = 1;
      pausedUntil = Math.max(pausedUntil, Date.now() + seconds * 1000);
      clearTimeout(pauseTimer);
      pauseTimer = setTimeout(endPause, pausedUntil - Date.now());
      keep({ ...item, isDelayed: true });
      return true;
    },

    /** Sends everything that has not failed; the connection is new. */
    deliverAll() {
      for (const item of outbox.all()) if (item.state === "sent") keep({ ...item, state: "pending" });
      sendWaiting();
    },

    /** Ends the pause, if there is one, without sending. */
    stop() {
      clearTimeout(pauseTimer);
    },
  };
}

/** @param {Unsent} item */
function eventData(item) {
  const { room, id: clientId } = item;
  if (item.kind === "message") {
    const { message, mentions, replyTo } = item;
    return { room, clientId, message, mentions, replyTo: replyTo?.id, utcOffset: -new Date().getTimezoneOffset() };
  }
  const { target: id, message, mentions, emoji, on } = item;
  return { room, clientId, id, message, mentions, emoji, on };
}

/**
 * Returns whether an item is a slash command, which has no chat line.
 * @param {Unsent} item
 */
function isCommand(item) {
  return item.kind === "message" && /^\/[^/]/.test(item.message);
}

/**
 * Hands the words for a refusal over: at once, or when they are there.
 * @param {{ code?: string, message?: string, retryAfter?: number }} refusal
 * @param {ChatOptions["describeRefusal"]} describe
 * @param {(text: string) => void} tell
 */
export function tellRefusal(refusal, describe, tell) {
  const text = describe ? describe(refusal) : (refusal.message ?? "");
  if (typeof text === "string") tell(text);
  else text.then(tell);
}

/**
 * Takes an error frame of the server.
 * @param {import("./chat.js").Chat} chat
 * @param {SystemFrame} frame
 * @param {Room} [room] the frame's room, if it is known
 */
export function receiveRefusal(chat, frame, room) {
  const { delivery, joins, options, outbox, questions } = chat;
  const { clientId, code, retryAfter = 1 } = frame;
  const isTooMuch = code === "rate_limited";
  if (isTooMuch && clientId && delivery.postpone(clientId, retryAfter)) return;
  if (isTooMuch && room?.membership === "joining") {
    joins.postpone(room, retryAfter);
    return;
  }
  if (room?.membership === "joining") joins.noteRefusal(room, code);
  else if (questions.isRefusal(frame)) return;
  const item = clientId ? outbox.get(clientId) : undefined;
  if (item && options.onMistyped && isCommand(item) && !PASSING.includes(code ?? "")) {
    delivery.remove(item.id);
    options.onMistyped(/** @type {UnsentMessage} */ (item), frame);
    return;
  }
  if (item && canShow(item, room)) {
    delivery.fail(item.id, frame);
    return;
  }
  if (item) delivery.remove(item.id); // its message is not here to show it
  const shownIn = openRoom(chat, room);
  tellRefusal(frame, options.describeRefusal, (text) => chat.addNotice(shownIn, text, "error"));
}

/**
 * @param {Unsent} item
 * @param {Room} [room]
 */
function canShow(item, room) {
  return item.kind === "message" || Boolean(room?.entries.has(item.target));
}

/**
 * @param {import("./chat.js").Chat} chat
 * @param {Room} [room]
 */
function openRoom({ options, room: current, rooms }, room) {
  if (room?.membership === "joined" || room?.isPlaced) return room;
  // A current room that is refused is closed; the lobby shows the error.
  return current.membership === "joined" ? current : (rooms.get(options.lobby) ?? current);
}
