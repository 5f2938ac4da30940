// A chat without a screen: the rooms, the connection, and the messages on their way.
import { connect } from "./connection.js";
import { applyFrame, beginJoin, createRoom, positionOf } from "./room.js";
import { openOutbox, readPosition, readRoomNames } from "./storage.js";
/** @import { ChatOptions, ConnectionState, DatedEntry, Entry, Frame, JoinedFrame, Quote, Room, SystemFrame,
  UnsentMessage } from "./types.js" */

const STORE_MS = 3000; // what was said is stored after this time

/** What a user sees of the chat, and can do. `onChange` is called after every change. */
export class Chat {
  /** @type {Map<string, Room>} */
  rooms = new Map();

  /** @type {ConnectionState} */
  connectionState = { name: "connecting" };

  /** @param {ChatOptions} options */
  constructor(options) {
    const { me, userId, lobby, storage } = options;
    this.options = options;
    this.me = me;
    this.outbox = openOutbox(storage, me);
    const [room] = readRoomNames(storage, lobby).map((name) => this.#ensureRoom(name));
    /** The room in which the user reads and writes. */
    this.room = room ?? this.#ensureRoom(lobby);
    this.connection = connect({
      userId,
      onState: (state) => this.#changeConnectionState(state),
      onFrame: (frame) => this.#receive(frame),
    });
  }

  /**
   * Makes a room the current one, and joins it.
   * @param {string} name
   */
  openRoom(name) {
    this.room = this.#ensureRoom(name);
    this.#join(this.room);
  }

  /**
   * Sends an event, and returns whether it was done. A refusal becomes an entry of the room.
   * @param {string} event
   * @param {{ id?: string } & Record<string, unknown>} [data]
   * @param {Room} [room]
   */
  async send(event, data = {}, room = this.room) {
    const result = await this.connection.send(event, { room: room.name, ...data });
    if (result.ok) return true;
    // Changes of a message are not sent again automatically.
    const problem = result.error ?? (data.id && "Not connected, not done.");
    if (problem) this.addNotice(room, problem, "error");
    return false;
  }

  /**
   * Sends a message to the current room; it is in the outbox until the server has it.
   * @param {string} message
   * @param {Quote} [replyTo]
   */
  sendMessage(message, replyTo) {
    const { me: from, room } = this;
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-"); // randomUUID needs a secure context
    this.deliver({ id, from, room: room.name, message, replyTo, sentAt: new Date().toISOString(), state: "pending" });
  }

  /**
   * Sends a message, perhaps again.
   * @param {UnsentMessage} unsent
   */
  async deliver(unsent) {
    const { id, room, message, replyTo } = unsent;
    this.#keep({ ...unsent, state: "pending", error: undefined });
    const utcOffset = -new Date().getTimezoneOffset();
    const result = await this.connection.send("message", { room, clientId: id, message, replyTo, utcOffset });
    if (!result.ok) {
      if (result.error) this.#fail(id, result.error); // else it is sent after the next connect
      return;
    }
    const kept = this.outbox.get(id);
    if (kept?.state !== "pending") return; // its chat line has arrived
    const isCommand = /^\/[^/]/.test(message); // has no chat line
    if (isCommand) this.outbox.remove(id);
    else this.#keep({ ...kept, state: "sent" });
    this.options.onChange();
  }

  /**
   * Adds an entry that only this user sees.
   * @param {Room} room
   * @param {string} message
   * @param {"error" | "notice"} event
   */
  addNotice(room, message, event) {
    applyFrame(room, { type: "system", event, message }, Date.now());
    this.options.onChange();
  }

  /** Asks for older messages of the current room. */
  async loadOlder() {
    const { room } = this;
    if (room.isLoadingOlder || !room.olderCursor) return;
    room.isLoadingOlder = true;
    await this.send("history", { before: room.olderCursor }, room);
    room.isLoadingOlder = false;
  }

  /**
   * Notes that the current room was read up to this message.
   * @param {DatedEntry} message
   */
  markRead(message) {
    this.room.readPosition = positionOf(message);
    this.options.storage.setItem(`chat.read.${this.room.name}`, this.room.readPosition);
  }

  /**
   * Removes an unsent message.
   * @param {string} id
   */
  discard(id) {
    this.outbox.remove(id);
    this.options.onChange();
  }

  /** @param {string} name */
  #ensureRoom(name) {
    const room = this.rooms.get(name) ?? createRoom(name, readPosition(this.options.storage, name));
    this.rooms.set(name, room);
    this.#storeRooms();
    return room;
  }

  /** @param {Room} room */
  #forgetRoom(room) {
    const { lobby, onChange, onMove } = this.options;
    this.rooms.delete(room.name);
    this.#storeRooms();
    if (room === this.room) {
      this.openRoom(lobby);
      onMove?.(lobby);
    }
    onChange();
  }

  #storeRooms() {
    this.options.storage.setItem("chat.rooms", [...this.rooms.keys()].join(","));
  }

  /** @param {Room} room */
  async #join(room) {
    const { membership } = room;
    if (this.connectionState.name !== "live" || membership !== "idle") return;
    beginJoin(room, Date.now());
    const isAcknowledged = await this.send("join", {}, room);
    // Refused, with an error frame instead of a `joined` one. The lobby stays open all the same.
    if (isAcknowledged && room.membership === "joining" && room.name !== this.options.lobby) {
      this.#forgetRoom(room);
      return;
    }
    room.membership = isAcknowledged ? "joined" : "idle";
    this.options.onChange();
    if (!isAcknowledged || !room.catchUp) return;
    await new Promise((resolve) => setTimeout(resolve, STORE_MS));
    await this.send("history", {}, room);
    room.catchUp = null;
  }

  /** @param {Frame} frame */
  #receive(frame) {
    const name = frame.room ?? this.room.name;
    const room = this.rooms.get(name);
    if (frame.type === "joined") this.#receiveJoined(frame);
    else if (frame.type === "system" && frame.event === "error") this.#receiveError(frame, room);
    else if (room && frame.type === "left") this.#forgetRoom(room);
    else if (room) this.#apply(frame, room);
  }

  /** @param {JoinedFrame} frame */
  #receiveJoined(frame) {
    const { onFirstPage, onMove } = this.options;
    const room = this.#ensureRoom(frame.room);
    const isByCommand = room.membership !== "joining";
    if (room === this.room && !room.entries.size) onFirstPage?.();
    this.#apply(frame, room);
    if (isByCommand && room !== this.room) onMove?.(room.name);
  }

  /**
   * @param {SystemFrame} frame
   * @param {Room} [room]
   */
  #receiveError({ clientId, message }, room) {
    if (clientId && this.#fail(clientId, message)) return;
    // A refused room is closed; the lobby shows the error.
    const isOpen = room?.membership === "joined";
    this.addNotice(isOpen ? room : this.#ensureRoom(this.options.lobby), message, "error");
  }

  /**
   * @param {Frame} frame
   * @param {Room} room
   */
  #apply(frame, room) {
    for (const { from, clientId } of messagesIn(frame)) {
      if (from === this.me && clientId) this.outbox.remove(clientId);
    }
    const before = applyFrame(room, frame, Date.now());
    if (before) this.send("history", { before }, room);
    this.options.onChange();
  }

  /** @param {UnsentMessage} message */
  #keep(message) {
    this.outbox.put(message);
    this.options.onChange();
  }

  /**
   * @param {string} id
   * @param {string} error
   * @returns {boolean} whether there is such an unsent message
   */
  #fail(id, error) {
    const message = this.outbox.get(id);
    if (message) this.#keep({ ...message, state: "failed", error });
    return Boolean(message);
  }

  /** @param {ConnectionState} state */
  #changeConnectionState(state) {
    this.connectionState = state;
    this.options.onChange();
    if (state.name !== "live") return;
    for (const room of this.rooms.values()) {
      if (state.isNew) room.membership = "idle";
      this.#join(room);
    }
    if (!state.isNew) return;
    for (const message of this.outbox.all()) if (message.state !== "failed") this.deliver(message);
  }
}

/**
 * @param {Frame} frame
 * @returns {Entry[]}
 */
function messagesIn(frame) {
  if (frame.type === "joined" || frame.type === "history") return frame.messages;
  return frame.type === undefined ? [frame] : [];
}
