// One lasting connection to Azure Web PubSub over its reliable JSON subprotocol: acknowledged requests, sequence
// numbers, recovery with the reconnection token, and, when that is refused or too late, a new negotiation.
import { backoff } from "./backoff.js";

const SUBPROTOCOL = "json.reliable.webpubsub.azure.v1";
const OPEN_MS = 10_000, PING_MS = 20_000, PROBE_MS = 5_000, RECOVERY_MS = 30_000, ACK_MS = 20_000;
const ACK_AT_ONCE = 300; // unconfirmed messages; the service gives up on a client at 1,000

// `negotiate()` resolves to a client URL or rejects with an error that may carry `status` and `refused`.
// `onFresh` means a new logical connection: the server remembers nothing of the old one.
export function connect({ negotiate, onState, onFresh, onMessage }) {
  const waiting = new Map(); // ackId → request
  let socket, url, id, token, timer, ackTimer, lostAt, live = false, closed = false;
  let attempt = 0, nextAck = 1, sequence = 0, heardAt = 0;

  const post = (frame) => socket.send(JSON.stringify(frame));
  const rejectAll = () => {
    for (const request of waiting.values()) request.reject(new Error("lost"));
    waiting.clear();
  };

  async function open() {
    clearTimeout(timer);
    if (closed) return;
    onState({ name: attempt || lostAt ? "reconnecting" : "connecting", at: 0 });
    try {
      if (!token) url = await negotiate();
    } catch (error) {
      if (error.status === 401) onState({ name: "signed out" });
      else again(error.refused);
      return;
    }
    if (closed) return;
    const target = new URL(url);
    if (token) target.searchParams.set("awps_connection_id", id);
    if (token) target.searchParams.set("awps_reconnection_token", token);
    const mine = (socket = new WebSocket(target, SUBPROTOCOL));
    timer = setTimeout(drop, OPEN_MS);
    mine.onopen = () => token && post({ type: "ping" }); // whatever comes back proves the recovery
    mine.onmessage = ({ data }) => mine === socket && receive(JSON.parse(data));
    mine.onclose = ({ code }) => mine === socket && lost(code);
  }

  function receive(frame) {
    heardAt = Date.now();
    if (frame.event === "connected" && frame.type === "system") {
      const fresh = frame.connectionId !== id;
      ({ connectionId: id, reconnectionToken: token } = frame);
      if (fresh) {
        sequence = 0;
        rejectAll();
      }
      becomeLive(fresh);
    } else if (!live && token) becomeLive(false);
    if (frame.type === "ack") settle(frame);
    if (frame.type !== "message") return;
    if (frame.sequenceId <= sequence) return; // replayed
    sequence = frame.sequenceId ?? sequence;
    if (sequence % ACK_AT_ONCE === 0) confirm();
    else ackTimer ??= setTimeout(confirm, 1000);
    onMessage(frame.data);
  }

  function becomeLive(fresh) {
    clearTimeout(timer);
    live = true;
    attempt = lostAt = 0;
    onState({ name: "live" });
    if (fresh) onFresh();
    else for (const request of waiting.values()) post(request.frame);
  }

  function confirm() {
    clearTimeout(ackTimer);
    ackTimer = undefined;
    if (live) post({ type: "sequenceAck", sequenceId: sequence });
  }

  function settle({ ackId, success, error }) {
    const request = waiting.get(ackId);
    waiting.delete(ackId);
    if (success || error?.name === "Duplicate") request?.resolve();
    else request?.reject(new Error(error?.message ?? "refused"));
  }

  function lost(code) {
    socket = undefined;
    live = false;
    lostAt ||= Date.now();
    const over = code === 1008 || code === 1000 || Date.now() - lostAt > RECOVERY_MS;
    if (over || !token) {
      id = token = undefined;
      rejectAll();
    }
    again();
  }

  function again(refused) {
    clearTimeout(timer);
    if (closed) return;
    // The first attempt to recover costs nobody anything; a fresh start waits, so that a crowd does not return at once.
    const wait = attempt || !token ? backoff(attempt) : 0;
    attempt += 1;
    onState({ name: "reconnecting", at: Date.now() + wait, refused });
    timer = setTimeout(open, wait);
  }

  // A socket that died silently has no close event: leave it behind.
  function drop() {
    const dead = socket;
    socket = undefined;
    dead?.close(4000);
    lost(4000);
  }

  function probe() {
    if (closed) return;
    if (!live) return socket || open();
    const asked = Date.now();
    const mine = socket;
    post({ type: "ping" });
    setTimeout(() => mine === socket && live && heardAt < asked && drop(), PROBE_MS);
    for (const [ackId, { reject, at }] of waiting) {
      if (asked - at < ACK_MS) continue;
      waiting.delete(ackId);
      reject(new Error("The server did not answer."));
    }
  }

  function close() {
    closed = true;
    clearTimeout(timer);
    socket?.close(1000); // anything else would keep us in the room until the service gives up waiting
    live = false;
    socket = undefined;
  }

  const beat = setInterval(() => live && probe(), PING_MS);
  const look = () => document.visibilityState === "visible" && probe();
  const listeners = [[window, "online", probe], [window, "offline", probe], [document, "visibilitychange", look]];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  open();

  return {
    // Sends a user event. Resolves once the server has handled it; rejects when it refused or the connection ended.
    send(event, data, { acked = true } = {}) {
      const frame = { type: "event", event, dataType: "json", data };
      if (!acked) return live && post(frame);
      return new Promise((resolve, reject) => {
        if (!live && !token) return reject(new Error("lost"));
        const request = { frame: { ...frame, ackId: nextAck++ }, resolve, reject, at: Date.now() };
        waiting.set(request.frame.ackId, request);
        if (live) post(request.frame);
      });
    },
    retry: probe,
    pause: close,
    stop() {
      close();
      clearInterval(beat);
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
    },
  };
}
