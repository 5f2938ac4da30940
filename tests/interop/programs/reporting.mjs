// Shared by the programs: JSON lines to the test, lines from the test, and a client that returns frames unchanged.

import readline from "node:readline";
import WebSocket from "ws";

export function report(kind, values = {}) {
  process.stdout.write(`${JSON.stringify({ report: kind, ...values })}\n`);
}

// Resolves with each line that the test writes, in order.
export function linesFromTheTest() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return async () => (await lines.next()).value;
}

// A list that can be awaited: take() resolves with the next item, also one that is pushed later.
export class Inbox {
  #items = [];
  #waiting = [];

  push(item) {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(item);
    else this.#items.push(item);
  }

  take() {
    if (this.#items.length) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

export class Listener {
  #frames = new Inbox();
  #socket;
  closed;

  static async open(url) {
    const listener = new Listener();
    listener.#socket = new WebSocket(url, "json.webpubsub.azure.v1");
    listener.#socket.on("message", (frame) => listener.#frames.push(JSON.parse(frame)));
    listener.closed = new Promise((resolve) => listener.#socket.on("close", resolve));
    listener.id = (await listener.next()).connectionId;
    return listener;
  }

  next() {
    return this.#frames.take();
  }

  async data() {
    return (await this.next()).data;
  }

  ask(frame) {
    this.#socket.send(JSON.stringify(frame));
    return this.next();
  }

  async isOpen() {
    return (await this.ask({ type: "ping" })).type === "pong";
  }

  end() {
    this.#socket.terminate();
  }
}
