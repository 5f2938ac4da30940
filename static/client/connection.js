// The connection to Web PubSub, with its reliable JSON subprotocol.
import { backoffDelay, negotiate } from "./http.js";
/** @import { Answer, ConnectionState, Envelope, Frame, SendResult } from "./types.js" */

const PING_MS = 20_000;
const TICK_MS = 5_000;
const LATE_MS = 15_000; // a tick that comes so late tells that the machine slept
const ANSWER_MS = 5_000;
const CONNECT_MS = 10_000;
const RECOVERY_MS = 30_000; // after this time the service forgets a connection
const CONFIRM_MS = 500;
const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008; // a refused recovery
const DROPPED = 4000; // not 1000: it can be recovered

/**
 * Connects, and stays connected until `close`.
 * @param {object} options
 * @param {string} [options.userId] the id to connect with; left out where the platform knows the user
 * @param {string} options.me the user that is expected
 * @param {(state: ConnectionState) => void} options.onState
 * @param {(frame: Frame) => void} options.onFrame
 */
export function connect({ userId, me, onState, onFrame }) {
  const events = createPendingEvents();
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {{ url?: string, id?: string, token?: string }} */
  let session = {}; // has a token while the connection is live or can be recovered
  let openTimer = 0; // ends an attempt, or begins the next one
  let confirmTimer = 0;
  let isLive = false;
  let isClosed = false;
  let attempt = 0;
  let lastSequenceId = 0;
  let receivedAt = 0;
  let lostAt = 0; // 0 while live
  let tickedAt = Date.now();
  let probedAt = 0;
  let doubtedAt = 0; // 0 while nothing speaks against the connection

  const tickTimer = setInterval(() => {
    if (isLate()) verify();
    else if (isLive && Date.now() - probedAt >= PING_MS) probe();
    tickedAt = Date.now();
  }, TICK_MS);
  open();

  /** @param {object} frame */
  function write(frame) {
    socket?.send(JSON.stringify(frame));
  }

  async function open() {
    const { url, token, id } = session;
    const answer = token ? { url } : await negotiate(userId);
    if (socket || isClosed) return; // another attempt was faster
    const otherUser = !token && !userId && answer.user !== me ? answer.user : undefined;
    if (answer.status === 401 || otherUser) {
      onState({ name: "signed out", user: otherUser });
    } else if (!answer.url) {
      scheduleOpen(answer.error);
    } else {
      session.url = answer.url;
      const recovery = `&awps_connection_id=${id}&awps_reconnection_token=${encodeURIComponent(token ?? "")}`;
      openSocket(answer.url + (token ? recovery : ""));
    }
  }

  /** @param {string} url */
  function openSocket(url) {
    const opened = new WebSocket(url, "json.reliable.webpubsub.azure.v1");
    socket = opened;
    clearTimeout(openTimer);
    openTimer = setTimeout(drop, CONNECT_MS);
    opened.onopen = () => {
      // The service need not send `connected` to a recovered connection, so that is pinged.
      if (opened === socket && session.token) write({ type: "ping" });
    };
    opened.onmessage = ({ data }) => {
      if (opened === socket) receive(JSON.parse(data));
    };
    opened.onclose = ({ code }) => {
      if (opened === socket) onLost(code);
    };
  }

  /** @param {Envelope} envelope */
  function receive({ type, connectionId, reconnectionToken, ackId = 0, success, error, sequenceId, data }) {
    receivedAt = Date.now();
    const isNew = Boolean(connectionId) && connectionId !== session.id;
    if (connectionId) session = { url: session.url, id: connectionId, token: reconnectionToken };
    if (isNew) lastSequenceId = 0;
    if (!isLive) onConnected(isNew);
    else if (doubtedAt && type === "pong") onAnswered();
    if (type === "ack") events.settle(ackId, success, error);
    if (type === "message" && data) receiveMessage(data, sequenceId);
  }

  /** @param {boolean} isNew */
  function onConnected(isNew) {
    clearTimeout(openTimer);
    isLive = true;
    attempt = 0;
    lostAt = 0;
    doubtedAt = 0;
    probedAt = Date.now();
    for (const frame of events.frames()) write(frame);
    onState({ name: "live", isNew });
  }

  // What came before may have been on its way when the connection broke; this is an answer.
  function onAnswered() {
    doubtedAt = 0;
    onState({ name: "live", isNew: false });
  }

  /**
   * @param {Frame} frame
   * @param {number} [sequenceId]
   */
  function receiveMessage(frame, sequenceId) {
    if (sequenceId !== undefined) {
      if (sequenceId <= lastSequenceId) return; // replayed after a recovery
      lastSequenceId = sequenceId;
      confirmTimer ||= setTimeout(confirm, CONFIRM_MS);
    }
    onFrame(frame);
  }

  function confirm() {
    confirmTimer = 0;
    if (isLive) write({ type: "sequenceAck", sequenceId: lastSequenceId });
  }

  /** @param {number} [code] */
  function onLost(code) {
    socket = undefined;
    isLive = false;
    doubtedAt = 0;
    lostAt ||= Date.now();
    const canRecover = code !== POLICY_VIOLATION && code !== NORMAL_CLOSURE && Date.now() - lostAt <= RECOVERY_MS;
    if (!canRecover) forgetSession();
    scheduleOpen();
  }

  function forgetSession() {
    session = {};
    events.cancel();
  }

  /** @param {Answer["error"]} [error] */
  function scheduleOpen(error) {
    const isFirstRecovery = session.token && attempt === 0;
    const delay = isFirstRecovery ? 0 : backoffDelay(attempt);
    attempt += 1;
    onState({ name: "waiting", at: Date.now() + delay, refused: error?.message, code: error?.code });
    clearTimeout(openTimer);
    openTimer = setTimeout(open, delay);
  }

  function drop() {
    socket?.close(DROPPED);
    onLost();
  }

  function probe() {
    if (!isLive) {
      if (!socket && !isClosed) open();
      return;
    }
    const probed = socket;
    const askedAt = (probedAt = Date.now());
    write({ type: "ping" });
    setTimeout(() => {
      const isSilent = doubtedAt ? doubtedAt <= askedAt : receivedAt < askedAt;
      if (probed === socket && isSilent) drop();
    }, ANSWER_MS);
  }

  const isLate = () => Date.now() - tickedAt > LATE_MS;

  function verify() {
    if (isLive && !doubtedAt) {
      doubtedAt = Date.now();
      onState({ name: "checking" });
    }
    probe();
  }

  return {
    /** Checks the connection, or tries to connect now. After a sleep the connection is not live before it has answered. */
    probe: () => (isLate() ? verify() : probe()),

    /** Checks a connection that may be lost: it is not live before it has answered. Without one, tries to connect now. */
    verify,

    /**
     * Sends an event, and returns whether it was done.
     * @param {string} event
     * @param {object} data
     * @returns {Promise<SendResult>}
     */
    async send(event, data) {
      if (!session.token) return { ok: false };
      const { frame, result } = events.add(event, data);
      if (isLive) write(frame);
      return result;
    },

    /** Ends the connection. */
    close() {
      isClosed = true;
      isLive = false;
      clearInterval(tickTimer);
      clearTimeout(openTimer);
      clearTimeout(confirmTimer);
      socket?.close(NORMAL_CLOSURE);
      socket = undefined;
      forgetSession();
    },
  };
}

// The events that were sent and are not acknowledged.
function createPendingEvents() {
  /** @type {Map<number, { frame: object, resolve: (result: SendResult) => void }>} by ack id */
  const pending = new Map();
  let lastAckId = 0;

  return {
    /**
     * Returns the frame to send, and what will be its result.
     * @param {string} event
     * @param {object} data
     */
    add(event, data) {
      lastAckId += 1;
      const frame = { type: "event", event, dataType: "json", data, ackId: lastAckId };
      /** @type {Promise<SendResult>} */
      const result = new Promise((resolve) => pending.set(lastAckId, { frame, resolve }));
      return { frame, result };
    },

    /**
     * @param {number} ackId
     * @param {boolean} [success]
     * @param {Envelope["error"]} [error]
     */
    settle(ackId, success, error) {
      const isDone = success || error?.name === "Duplicate"; // of what was sent again after a recovery
      pending.get(ackId)?.resolve(isDone ? { ok: true } : { ok: false, error: error?.message });
      pending.delete(ackId);
    },

    /** Returns what has to be sent again after a recovery. */
    frames: () => [...pending.values()].map(({ frame }) => frame),

    /** Ends the waiting: the connection is gone. */
    cancel() {
      for (const { resolve } of pending.values()) resolve({ ok: false });
      pending.clear();
    },
  };
}
