// The connection to Web PubSub: its reliable JSON subprotocol, which recovers a connection and replays what was missed.
// https://learn.microsoft.com/azure/azure-web-pubsub/reference-json-reliable-webpubsub-subprotocol
import { backoffDelay, negotiate } from "./http.js";
/** @import { ConnectionState, Frame, SendResult } from "./types.js" */

const SUBPROTOCOL = "json.reliable.webpubsub.azure.v1";
const PING_MS = 20_000;
const ANSWER_MS = 5_000;
const CONNECT_MS = 10_000;
const RECOVERY_MS = 30_000; // the service forgets a connection that was lost for longer
const CONFIRM_MS = 500;
const HTTP_UNAUTHORIZED = 401;
const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008; // the service refuses to recover
const CLOSED_BY_US = 4000; // any code but 1000: the service keeps the connection for a recovery

/**
 * What the service sends over the socket.
 * @typedef {object} Envelope
 * @property {string} type
 * @property {string} [connectionId]
 * @property {string} [reconnectionToken]
 * @property {number} [ackId]
 * @property {boolean} [success]
 * @property {{ name: string, message?: string }} [error]
 * @property {number} [sequenceId]
 * @property {Frame} [data]
 */

/** @typedef {{ frame: object, resolve: (result: SendResult) => void }} PendingRequest */
/** @typedef {ReturnType<typeof connect>} Connection */

/**
 * Connects, and keeps connected until `close`.
 * @param {object} options
 * @param {string} [options.userId] the chosen name; left out where the platform knows the user
 * @param {(state: ConnectionState) => void} options.onState
 * @param {(frame: Frame) => void} options.onFrame
 */
export function connect({ userId, onState, onFrame }) {
  /** @type {Map<number, PendingRequest>} by ack id */
  const pendingRequests = new Map();
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {string | undefined} */
  let clientUrl;
  /** @type {string | undefined} */
  let connectionId;
  /** @type {string | undefined} */
  let reconnectionToken; // set while there is a logical connection, live or to be recovered
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let openTimer; // ends an attempt, or starts the next one
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let confirmTimer;
  let isLive = false;
  let isClosed = false;
  let attempt = 0;
  let lastAckId = 0;
  let lastSequenceId = 0;
  let heardAt = 0; // milliseconds
  let lostAt = 0; // milliseconds; 0 while live

  /** @param {object} frame */
  function write(frame) {
    socket?.send(JSON.stringify(frame));
  }

  async function open() {
    const answer = reconnectionToken ? { url: clientUrl } : await negotiate(userId);
    if (socket || isClosed) return; // another attempt was faster
    if (answer.status === HTTP_UNAUTHORIZED) {
      onState({ name: "signed out" });
      return;
    }
    if (!answer.url) {
      scheduleOpen(answer.error?.message);
      return;
    }
    clientUrl = answer.url;
    openSocket(clientUrl + recoveryQuery());
  }

  function recoveryQuery() {
    if (!connectionId || !reconnectionToken) return "";
    return `&awps_connection_id=${connectionId}&awps_reconnection_token=${encodeURIComponent(reconnectionToken)}`;
  }

  /** @param {string} url */
  function openSocket(url) {
    const opened = new WebSocket(url, SUBPROTOCOL);
    socket = opened;
    clearTimeout(openTimer);
    openTimer = setTimeout(drop, CONNECT_MS);
    opened.onopen = () => {
      // The service greets a new connection; a recovered one answers only when asked.
      if (opened === socket && reconnectionToken) write({ type: "ping" });
    };
    opened.onmessage = ({ data }) => {
      if (opened === socket) receive(JSON.parse(data));
    };
    opened.onclose = ({ code }) => {
      if (opened === socket) onLost(code);
    };
  }

  /** @param {Envelope} envelope */
  function receive(envelope) {
    heardAt = Date.now();
    const isNew = Boolean(envelope.connectionId) && envelope.connectionId !== connectionId;
    if (envelope.connectionId) {
      connectionId = envelope.connectionId;
      reconnectionToken = envelope.reconnectionToken;
    }
    if (isNew) lastSequenceId = 0;
    if (!isLive) onConnected(isNew);
    if (envelope.type === "ack") settleRequest(envelope);
    if (envelope.type === "message") receiveMessage(envelope);
  }

  /** @param {boolean} isNew */
  function onConnected(isNew) {
    clearTimeout(openTimer);
    isLive = true;
    attempt = 0;
    lostAt = 0;
    for (const { frame } of pendingRequests.values()) write(frame);
    onState({ name: "live", isNew });
  }

  /** @param {Envelope} envelope */
  function settleRequest({ ackId = 0, success, error }) {
    // A request that was repeated after a recovery may have been done already.
    const isDone = success || error?.name === "Duplicate";
    pendingRequests.get(ackId)?.resolve(isDone ? { ok: true } : { ok: false, error: error?.message });
    pendingRequests.delete(ackId);
  }

  /** @param {Envelope} envelope */
  function receiveMessage({ sequenceId, data }) {
    if (sequenceId !== undefined) {
      if (sequenceId <= lastSequenceId) return; // replayed after a recovery
      lastSequenceId = sequenceId;
      confirmTimer ??= setTimeout(confirm, CONFIRM_MS);
    }
    if (data) onFrame(data);
  }

  function confirm() {
    confirmTimer = undefined;
    if (isLive) write({ type: "sequenceAck", sequenceId: lastSequenceId });
  }

  /** @param {number} [code] close code of the socket */
  function onLost(code) {
    socket = undefined;
    isLive = false;
    lostAt ||= Date.now();
    const isOver = code === POLICY_VIOLATION || code === NORMAL_CLOSURE || Date.now() - lostAt > RECOVERY_MS;
    if (isOver) forgetConnection();
    scheduleOpen();
  }

  function forgetConnection() {
    connectionId = undefined;
    reconnectionToken = undefined;
    for (const { resolve } of pendingRequests.values()) resolve({ ok: false });
    pendingRequests.clear();
  }

  /** @param {string} [refused] why the server refused */
  function scheduleOpen(refused) {
    const delay = reconnectionToken && attempt === 0 ? 0 : backoffDelay(attempt); // the first recovery at once
    attempt += 1;
    onState({ name: "waiting", at: Date.now() + delay, refused });
    clearTimeout(openTimer);
    openTimer = setTimeout(open, delay);
  }

  function drop() {
    socket?.close(CLOSED_BY_US);
    onLost();
  }

  /** Finds out whether the connection is alive; without one, tries to connect now. */
  function probe() {
    if (isClosed) return;
    if (!isLive) {
      if (!socket) open();
      return;
    }
    const probed = socket;
    const askedAt = Date.now();
    write({ type: "ping" });
    setTimeout(() => {
      if (probed === socket && heardAt < askedAt) drop();
    }, ANSWER_MS);
  }

  /**
   * Sends an event to the server and returns whether it was done. A request outlives a recovery.
   * @param {string} event
   * @param {object} data
   * @returns {Promise<SendResult>}
   */
  function send(event, data) {
    if (!reconnectionToken) return Promise.resolve({ ok: false });
    return new Promise((resolve) => {
      lastAckId += 1;
      const frame = { type: "event", event, dataType: "json", data, ackId: lastAckId };
      pendingRequests.set(lastAckId, { frame, resolve });
      if (isLive) write(frame);
    });
  }

  /** Leaves for good: the service tells the others at once. */
  function close() {
    isClosed = true;
    isLive = false;
    clearInterval(pingTimer);
    clearTimeout(openTimer);
    clearTimeout(confirmTimer);
    socket?.close(NORMAL_CLOSURE);
    socket = undefined;
    forgetConnection();
  }

  const pingTimer = setInterval(() => {
    if (isLive) probe();
  }, PING_MS);
  onState({ name: "connecting" });
  open();
  return { send, probe, close };
}
