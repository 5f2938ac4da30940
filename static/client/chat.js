// A chat without a screen: the rooms, the connection, and the messages on their way.
import { connect } from "./connection.js";
import { positionOf } from "./messages.js";
import { openOutbox } from "./outbox.js";
import { applyFrame, beginJoin, createRoom } from "./room.js";
import { readPosition, readRoomNames, writePosition, writeRoomNames } from "./storage.js";
/** @import { Connection } from "./connection.js" */
/** @import { Draft } from "./outbox.js" */
/** @import { ConnectionState, DatedEntry, Entry, Frame, KeyValueStorage, Quote, Room } from "./types.js" */

const STORE_MS = 3000; // what was said while a room was joined is stored after this time

/**
 * @typedef {object} ChatOptions
 * @property {string} me the user's id
 * @property {string} [userId] the id to connect with; left out where the platform knows the user
 * @property {string} lobby the room in which everyone starts
 * @property {KeyValueStorage} storage keeps rooms, read positions and unsent messages: `localStorage`
 * @property {() => void} onChange the state has changed: show it
 * @property {(room: string) => void} [onMove] the user is led to another room: call `openRoom` with it
 * @property {() => void} [onFirstPage] the current room is empty and now gets its first page
 */

/** The state of a chat, and what its user can do. Begins with `start`. */
export class Chat {
  /** @type {Map<string, Room>} by name */
  rooms = new Map();

  /** @type {ConnectionState} */
  connectionState = { name: "connecting" };

  /** @type {ChatOptions} */
  #options;

  /** @type {Connection | undefined} */
  #connection;

  /** @param {ChatOptions} options */
  constructor(options) {
    const { me, lobby, storage } = options;
    this.#options = options;
    this.me = me;
    this.outbox = openOutbox(storage, me);
    const [room] = readRoomNames(storage, lobby).map((name) => this.#ensureRoom(name));
    /** The room in which the user reads and writes. */
    this.room = room ?? this.#ensureRoom(lobby);
  }

  /** Connects, and joins the rooms. */
  start() {
    this.#connection = connect({
      userId: this.#options.userId,
      onState: (state) => this.#changeConnectionState(state),
      onFrame: (frame) => this.#receive(frame),
    });
  }

  /** Leaves for good. */
  close() {
    this.#connection?.close();
  }

  /** Finds out whether the connection is alive; without one, tries to connect now. */
  probe() {
    this.#connection?.probe();
  }

  /**
   * Makes this the current room, and joins it.
   * @param {string} name
   */
  openRoom(name) {
    this.room = this.#ensureRoom(name);
    if (this.connectionState.name === "live" && this.room.membership === "idle") this.#join(this.room);
  }

  /**
   * Sends an event about the current room; a refusal becomes an entry of the room. Returns whether it was done.
   * @param {string} event
   * @param {{ id?: string } & Record<string, unknown>} [data]
   */
  send(event, data) {
    return this.#send(event, this.room, data);
  }

  /**
   * Says something in the current room. The message waits in the outbox until the server has it.
   * @param {string} message
   * @param {Quote} [replyTo]
   */
  say(message, replyTo) {
    // Not randomUUID: browsers offer that in secure contexts only.
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.#deliver({ id, from: this.me, room: this.room.name, message, replyTo, sentAt: new Date().toISOString() });
  }

  /**
   * Sends an unsent message again.
   * @param {string} id
   */
  retry(id) {
    const message = this.outbox.get(id);
    if (message) this.#deliver(message);
  }

  /**
   * Forgets an unsent message.
   * @param {string} id
   */
  discard(id) {
    this.outbox.remove(id);
    this.#options.onChange();
  }

  /**
   * Adds an entry that only this user sees.
   * @param {Room} room
   * @param {string} message
   * @param {"error" | "notice"} event
   */
  addNotice(room, message, event) {
    applyFrame(room, { type: "system", event, message }, Date.now());
    this.#options.onChange();
  }

  /** Asks for the page before the oldest known message of the current room, one at a time. */
  async loadOlder() {
    const { room } = this;
    if (room.isLoadingOlder || !room.olderCursor) return;
    room.isLoadingOlder = true;
    await this.#send("history", room, { before: room.olderCursor });
    room.isLoadingOlder = false;
  }

  /**
   * Notes that the current room was read up to this message.
   * @param {DatedEntry} message
   */
  markRead(message) {
    this.room.readPosition = positionOf(message);
    writePosition(this.#options.storage, this.room.name, this.room.readPosition);
  }

  /**
   * Returns a message of the current room, or an unsent one.
   * @param {string} id
   * @returns {Entry | undefined}
   */
  findMessage(id) {
    return this.room.entries.get(id) ?? this.outbox.get(id);
  }

  /** @param {string} name */
  #ensureRoom(name) {
    const { storage } = this.#options;
    let room = this.rooms.get(name);
    if (!room) {
      room = createRoom(name, readPosition(storage, name));
      this.rooms.set(name, room);
      writeRoomNames(storage, this.rooms.keys());
    }
    return room;
  }

  /** @param {Room} room */
  #forgetRoom(room) {
    const { lobby, storage, onChange, onMove } = this.#options;
    this.rooms.delete(room.name);
    writeRoomNames(storage, this.rooms.keys());
    if (room === this.room) {
      this.openRoom(lobby);
      onMove?.(lobby);
    }
    onChange();
  }

  /** @param {Room} room */
  async #join(room) {
    beginJoin(room, Date.now());
    if (!(await this.#send("join", room))) {
      room.membership = "idle";
      return;
    }
    // Acknowledged without a `joined` frame is refused; an error frame has said why. The lobby stays open all the same:
    // there is no other room to go to.
    if (room.membership === "joining" && room.name !== this.#options.lobby) {
      this.#forgetRoom(room);
      return;
    }
    room.membership = "joined";
    if (room.catchUp) await this.#catchUp(room);
  }

  /** @param {Room} room */
  async #catchUp(room) {
    await new Promise((resolve) => setTimeout(resolve, STORE_MS));
    await this.#send("history", room);
    room.catchUp = null;
  }

  /**
   * @param {string} event
   * @param {Room} room
   * @param {{ id?: string } & Record<string, unknown>} [data]
   */
  async #send(event, room, data) {
    const result = await this.#request(event, { room: room.name, ...data });
    if (result.ok) return true;
    // What concerns a message was a click, which is not repeated; everything else is tried again without a word.
    const problem = result.error ?? (data?.id && "Not connected, not done.");
    if (problem) this.addNotice(room, problem, "error");
    return false;
  }

  /**
   * @param {string} event
   * @param {object} data
   */
  async #request(event, data) {
    if (!this.#connection) return { ok: false, error: undefined };
    return this.#connection.send(event, data);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    if (frame.type === "system" && frame.event === "error") {
      this.#receiveError(frame);
      return;
    }
    const name = frame.room ?? this.room.name;
    const room = frame.type === "joined" ? this.#ensureRoom(name) : this.rooms.get(name);
    if (!room) return;
    if (frame.type === "left") {
      this.#forgetRoom(room);
      return;
    }
    this.#removeDelivered(frame);
    if (frame.type === "joined" && room === this.room && room.entries.size === 0) this.#options.onFirstPage?.();
    const wasJoinedByCommand = frame.type === "joined" && room.membership !== "joining" && room !== this.room;
    const olderCursor = applyFrame(room, frame, Date.now());
    if (olderCursor) this.#send("history", room, { before: olderCursor });
    this.#options.onChange();
    if (wasJoinedByCommand) this.#options.onMove?.(name);
  }

  /** @param {import("./types.js").SystemFrame} frame */
  #receiveError({ clientId, message, room: name = this.room.name }) {
    if (clientId && this.#fail(clientId, message)) return;
    const room = this.rooms.get(name);
    // The room that was refused is about to close: the lobby tells why.
    const target = room?.membership === "joined" ? room : this.#ensureRoom(this.#options.lobby);
    this.addNotice(target, message, "error");
  }

  /**
   * Takes the user's own messages out of the outbox when they come back from the server.
   * @param {Frame} frame
   */
  #removeDelivered(frame) {
    /** @type {Entry[]} */
    let messages = [];
    if (frame.type === undefined) messages = [frame];
    if (frame.type === "joined" || frame.type === "history") messages = frame.messages;
    for (const { from, clientId } of messages) if (from === this.me && clientId) this.outbox.remove(clientId);
  }

  /** @param {Draft} draft */
  async #deliver(draft) {
    const { id, room, message, replyTo } = draft;
    this.outbox.put(draft, "pending");
    this.#options.onChange();
    const utcOffset = -new Date().getTimezoneOffset(); // minutes east of UTC
    const result = await this.#request("message", { room, clientId: id, message, replyTo, utcOffset });
    if (!result.ok) {
      if (result.error) this.#fail(id, result.error);
      return; // without a connection it stays pending, and goes out with the next one
    }
    if (this.outbox.get(id)?.state !== "pending") return; // it came back, or was refused, before it was acknowledged
    if (isCommand(message)) this.outbox.remove(id);
    else this.outbox.put(draft, "sent");
    this.#options.onChange();
  }

  /**
   * Returns whether there was such an unsent message.
   * @param {string} id
   * @param {string} error
   */
  #fail(id, error) {
    const message = this.outbox.get(id);
    if (!message) return false;
    this.outbox.put(message, "failed", error);
    this.#options.onChange();
    return true;
  }

  /** @param {ConnectionState} state */
  #changeConnectionState(state) {
    this.connectionState = state;
    this.#options.onChange();
    if (state.name !== "live") return;
    for (const room of this.rooms.values()) {
      if (state.isNew) room.membership = "idle";
      if (room.membership === "idle") this.#join(room);
    }
    if (!state.isNew) return;
    for (const message of this.outbox.all()) if (message.state !== "failed") this.#deliver(message);
  }
}

/**
 * Returns whether the server will take the text as a command: it begins with one slash.
 * @param {string} text
 */
function isCommand(text) {
  return /^\/[^/]/.test(text);
}
