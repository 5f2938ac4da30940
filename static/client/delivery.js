// Sending what is in the outbox: messages as they come, the changes of one message one after the other.
/** @import { SendResult, Unsent } from "./types.js" */
/** @import { openOutbox } from "./outbox.js" */

const FRAME_MS = 3000; // after this time an accepted change is no longer shown as being on its way
const IS_COMMAND = /^\/[^/]/; // has no chat line

/**
 * Returns what sends the items of the outbox.
 * @param {object} options
 * @param {ReturnType<typeof openOutbox>} options.outbox
 * @param {(event: string, data: object) => Promise<SendResult>} options.send
 * @param {() => void} options.onChange
 */
export function createDelivery({ outbox, send, onChange }) {
  /** @type {Set<string>} ids of changes that were sent and are not answered */
  const sending = new Set();

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
  async function deliver(item) {
    keep({ ...item, state: "pending", error: undefined });
    if (item.kind !== "message" && !isNext(item)) return;
    sending.add(item.id);
    const result = await send(item.kind, eventData(item));
    sending.delete(item.id);
    if (result.ok) onAccepted(item.id);
    else if (result.error) fail(item.id, result.error); // else it is sent after the next connect
    if (item.kind !== "message" && (result.ok || result.error)) deliverNext(item.target);
  }

  // Several changes of one message: the server must get them in the order in which they were made.
  /** @param {Unsent} item */
  function isNext(item) {
    const target = item.kind !== "message" && item.target;
    return waiting(target)[0]?.id === item.id && !sending.has(item.id);
  }

  /** @param {string | false} target */
  function waiting(target) {
    return outbox.all().filter((item) => item.kind !== "message" && item.target === target && item.state === "pending");
  }

  /** @param {string} target */
  function deliverNext(target) {
    const [next] = waiting(target);
    if (next) deliver(next);
  }

  /** @param {string} id */
  function onAccepted(id) {
    const item = outbox.get(id);
    if (item?.state !== "pending") return; // its frame has arrived, or a refusal
    if (item.kind === "message" && IS_COMMAND.test(item.message)) {
      remove(id);
      return;
    }
    keep({ ...item, state: "sent" });
    // A change that changed nothing may have no frame of its own.
    if (item.kind !== "message") setTimeout(() => remove(id), FRAME_MS);
  }

  /**
   * @param {string} id
   * @param {string} error
   * @returns {Unsent | undefined} what has failed
   */
  function fail(id, error) {
    const item = outbox.get(id);
    if (item) keep({ ...item, state: "failed", error });
    return item;
  }

  return {
    deliver,
    fail,

    /** Forgets an item: its frame has come, or the user has discarded it. */
    remove,

    /** Sends everything that has not failed; the connection is new. */
    deliverAll() {
      for (const item of outbox.all()) if (item.state !== "failed") deliver(item);
    },
  };
}

/** @param {Unsent} item */
function eventData(item) {
  const { room, id: clientId } = item;
  if (item.kind === "message") {
    const { message, replyTo } = item;
    return { room, clientId, message, replyTo: replyTo?.id, utcOffset: -new Date().getTimezoneOffset() };
  }
  const { target: id, message, emoji, on } = item;
  return { room, clientId, id, message, emoji, on };
}
