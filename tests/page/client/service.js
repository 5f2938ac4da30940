// A Web PubSub service for one client, in memory: it answers what a test tells it to.
let sockets = [];

class FakeWebSocket {
  constructor(url) {
    this.url = url;
    this.sent = [];
    sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.closedWith = code;
  }
}

/** Replaces `fetch` and `WebSocket`; returns the service. */
export function startService() {
  sockets = [];
  globalThis.WebSocket = FakeWebSocket;
  globalThis.fetch = async () => ({ status: 200, json: async () => ({ url: "ws://service/client?access_token=t" }) });
  let sequenceId = 0;
  let connections = 0;

  const socket = () => sockets.at(-1);
  const emit = (envelope) => socket().onmessage({ data: JSON.stringify(envelope) });

  return {
    /** Greets the newest socket as a new connection. */
    async greet() {
      await settle();
      connections += 1;
      sequenceId = 0;
      emit({ type: "system", event: "connected", connectionId: `c${connections}`, reconnectionToken: "r" });
      await settle();
    },

    /** Opens the newest socket, on which nothing was said yet. */
    openSocket: () => socket().onopen?.(),

    /** Answers a ping. */
    pong: () => emit({ type: "pong" }),

    /** Sends a frame to the client. */
    async publish(data) {
      sequenceId += 1;
      emit({ type: "message", dataType: "json", sequenceId, data });
      await settle();
    },

    /** Sends a frame as the answer to the newest event of this name, and acknowledges it. */
    async answer(name, data) {
      await this.publish(data);
      await this.acknowledge(name);
    },

    /** Acknowledges the newest event of this name. */
    async acknowledge(name, more = { success: true }) {
      const { ackId } = socket().sent.findLast(({ event }) => event === name);
      emit({ type: "ack", ackId, ...more });
      await settle();
    },

    /** Closes the newest socket. */
    async cut(code) {
      socket().onclose({ code });
      await settle();
    },

    /** Returns the data of the events of this name that came over the newest socket. */
    received: (name) =>
      socket()
        .sent.filter(({ event }) => event === name)
        .map(({ data }) => data),

    /** Acknowledges the event of this name with this client id, which has been done. */
    async acknowledgeItem(name, clientId) {
      const { ackId } = socket().sent.find(({ event, data }) => event === name && data.clientId === clientId);
      emit({ type: "ack", ackId, success: true });
      await settle();
    },

    /** Returns the addresses of the sockets. */
    addresses: () => sockets.map(({ url }) => url),
  };
}

/** Lets everything run that waits for nothing but a promise. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}
