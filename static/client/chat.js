// A chat without a screen: the rooms, the connection, and what is on its way to the server.
import { createCatchUp, loadOlderMessages } from "./catch-up.js";
import { connect } from "./connection.js";
import { createDelivery, receiveRefusal, tellRefusal } from "./delivery.js";
import { createInvitations, createJoins } from "./joins.js";
import { lastKnown, orderedEntries } from "./log.js";
import { openOutbox, withChanges } from "./outbox.js";
import { applyPlaces, moveFormerKeys, readPlaces, roomsToJoin, writePlaces } from "./places.js";
import { createRefresh } from "./refresh.js";
import { createQuestions, createRequests, isUserFrame, sentItems } from "./requests.js";
import { applyFrame, createRoom, noteTitle, trimRoom } from "./room.js";
import { markRead } from "./unread.js";
/** @import { Change, ChatOptions, ConnectionState, Entry, Frame, JoinedFrame, PlacesFrame, Quote, Room, UnsentMessage, UserFrame } from "./types.js" */

/** What a user sees of the chat, and can do. `onChange` is called after every change. */
export class Chat {
  /** @type {Map<string, Room>} */
  rooms = new Map();
  /** @type {ConnectionState} */
  connectionState = { name: "connecting" };
  /** @type {Map<string, string>} names of users by id, of those who are not called as their id */
  names = new Map();
  /** @type {Map<string | undefined, (frame: any, room: Room | undefined) => void>} what takes frames of further types */
  receivers = new Map();
  isClosed = false; // then nothing is stored

  /** @param {ChatOptions} options */
  constructor(options) {
    const { me, name = me, userId, lobby, storage, onChange } = options;
    this.options = options;
    this.me = me;
    this.names.set(me, name);
    moveFormerKeys(storage, me);
    this.outbox = openOutbox(storage, me);
    for (const { room, unread, isPlaced, title = "" } of readPlaces(storage, me, lobby)) {
      Object.assign(this.#ensureRoom(room), { isPlaced, title, counted: { head: 0, unread } });
    }
    /** The room in which the user reads and writes. */
    this.room = this.rooms.values().next().value ?? this.#ensureRoom(lobby);
    const send = (/** @type {string} */ event, /** @type {object} */ data) => this.connection.send(event, data);
    this.questions = createQuestions(send);
    this.requests = createRequests(send);
    this.invitations = createInvitations(send);
    this.joins = createJoins({
      send: (room) => this.send("join", {}, room),
      isLive: () => this.connectionState.name === "live",
      onRefused: (room) => this.#onJoinRefused(room),
      onChange,
    });
    this.delivery = createDelivery({ outbox: this.outbox, send, onChange, describe: options.describeRefusal });
    this.catchUp = createCatchUp({ ask: (event, data, room) => this.#ask(event, data, room), onChange });
    this.refresh = createRefresh({
      askRoster: () => this.#ask("roster", {}, this.room),
      askPlaces: () => this.#askPlaces(),
      sendRead: (room) => this.#sendRead(room),
      rooms: () => this.rooms.values(),
    });
    this.connection = connect({
      userId,
      me,
      onState: (state) => this.#changeConnectionState(state),
      onFrame: (frame) => this.#receive(frame),
    });
  }

  /**
   * Makes a room the current one, and joins it.
   * @param {string} name
   */
  openRoom(name) {
    this.refresh.flush();
    if (name !== this.room.name) trimRoom(this.room);
    this.room = this.#ensureRoom(name);
    this.#store();
    this.joins.join(this.room);
  }

  /**
   * Sends an event, and returns whether it was done. A refusal becomes an entry of the room.
   * @param {string} event
   * @param {object} [data]
   * @param {Room} [room]
   */
  async send(event, data = {}, room = this.room) {
    const result = await this.connection.send(event, { room: room.name, ...data });
    if (result.ok) return true;
    if (result.error) {
      const tell = (/** @type {string} */ text) => this.addNotice(room, text, "error");
      tellRefusal({ message: result.error }, this.options.describeRefusal, tell);
    }
    return false;
  }

  /**
   * Asks about the current room, or the one that `data` names. Returns the frame that answers, or undefined where an event
   * has none; raises a Refusal.
   * @param {string} event
   * @param {object} [data]
   * @param {{ isApart?: boolean }} [options] `isApart`: the answer changes nothing of the room
   */
  request(event, data, options) {
    return this.requests.request(event, { room: this.room.name, ...data }, options);
  }

  /**
   * Sends a message to the current room; it is in the outbox until the server has it.
   * @param {string} message
   * @param {Quote} [replyTo]
   * @param {string[]} [mentions] ids of the users whom the text names
   */
  sendMessage(message, replyTo, mentions) {
    this.delivery.deliver({ kind: "message", ...this.#unsent(), message, replyTo, mentions });
  }

  /**
   * Edits or deletes a message of the current room, or reacts to it; the change is in the outbox until the server has it.
   * @param {Change} change
   */
  changeMessage(change) {
    this.delivery.deliver({ ...change, ...this.#unsent() });
  }

  /**
   * Sends again what has failed.
   * @param {string} id of a message or change in the outbox
   */
  retry(id) {
    const item = this.outbox.get(id);
    if (item) this.delivery.deliver(item);
  }

  /**
   * Removes what has failed.
   * @param {string} id of a message or change in the outbox
   */
  discard(id) {
    this.delivery.remove(id);
  }

  /**
   * Adds an entry that only this user sees.
   * @param {Room} room
   * @param {string} message
   * @param {"error" | "notice"} event
   */
  addNotice(room, message, event) {
    applyFrame(room, { type: "system", event, message }, this.me, Date.now());
    this.options.onChange();
  }

  /** Returns the entries of the current room in everybody's order, with the user's changes that are not confirmed. */
  shownEntries() {
    const { me, outbox, room } = this;
    return withChanges(orderedEntries(room), outbox.changes(room.name), me);
  }

  /** Returns the messages of the current room that are on their way to the server, with their author. */
  unsentMessages() {
    return this.outbox.messages(this.room.name).map((item) => ({ ...item, user: this.me, from: this.nameOf(this.me) }));
  }

  /**
   * Returns what a user is called.
   * @param {string} user
   */
  nameOf(user) {
    return this.names.get(user) ?? user;
  }

  /** Asks for older messages of the current room, until there are some or it is their beginning. */
  async loadOlder() {
    const { room } = this;
    if (room.membership !== "joined" || this.connectionState.name !== "live") return;
    await loadOlderMessages(room, (event, data) => this.#ask(event, data, room), this.options.onChange);
  }

  /**
   * Loads a part of a long gap of the current room, or all of it.
   * @param {number} after the entry that the gap follows
   * @param {number} [pages]
   * @param {boolean} [isFromStart] whether the reader comes to the gap from above
   */
  loadGap(after, pages = 1, isFromStart = false) {
    this.catchUp.fill(this.room, after, pages, isFromStart);
  }

  /**
   * Notes that the current room was read up to this message, which is its last.
   * @param {Entry} message
   */
  markRead({ seq = 0 }) {
    const { room } = this;
    const isLast = lastKnown(room.runs) >= room.head; // else there are newer ones
    if (isLast && markRead(room, seq)) this.refresh.sendRead(room);
  }

  /**
   * Notes whether the user can see the chat.
   * @param {boolean} isVisible
   */
  setVisible(isVisible) {
    this.refresh.setVisible(isVisible);
  }

  /** Ends the chat and its connection. */
  close() {
    this.refresh.stop();
    this.#store();
    this.isClosed = true;
    this.catchUp.stop();
    this.delivery.stop();
    this.connection.close();
  }

  /** @returns {Pick<UnsentMessage, "id" | "from" | "room" | "sentAt" | "state" | "after">} */
  #unsent() {
    const { name: room, runs } = this.room;
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-"); // randomUUID needs a secure context
    const after = runs.at(-1)?.last;
    return { id, from: this.me, room, sentAt: new Date().toISOString(), state: "pending", after };
  }

  /** @param {string} name */
  #ensureRoom(name) {
    const room = this.rooms.get(name) ?? createRoom(name);
    this.rooms.set(name, room);
    return room;
  }

  /** @param {Room} room */
  #forgetRoom(room) {
    const { lobby, onChange, onMove } = this.options;
    this.rooms.delete(room.name);
    if (room === this.room) {
      this.openRoom(lobby);
      onMove?.(lobby);
    }
    this.#store();
    onChange();
  }

  /**
   * @param {string} event
   * @param {object} data
   * @param {Room} room
   */
  async #ask(event, data, room) {
    return room.membership === "joined" && this.questions.ask(event, { room: room.name, ...data });
  }

  /** @param {Room} room */
  async #sendRead(room) {
    // Without an answer it is sent again when the server says that it does not know it.
    await this.questions.ask("read", { room: room.name, seq: room.marked });
    this.#store();
  }

  async #askPlaces() {
    await this.questions.ask("places", {});
    for (const room of roomsToJoin(this.rooms.values(), this.room)) this.joins.join(room);
  }

  #store() {
    if (!this.isClosed) writePlaces(this.options.storage, this.me, this.rooms.values());
  }

  // The lobby stays open all the same, and so does a room that the user is in already.
  /** @param {Room} room */
  #onJoinRefused(room) {
    if (!room.isPlaced && room.name !== this.options.lobby) this.#forgetRoom(room);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    this.questions.receive(frame);
    const isRefusal = this.requests.receive(frame);
    for (const [user, name] of Object.entries(frame.names ?? {})) this.names.set(user, name);
    if (isRefusal || this.requests.isAwaited(frame)) return;
    if (frame.type === "places") {
      this.#receivePlaces(frame);
      return;
    }
    const room = this.rooms.get(frame.room ?? this.room.name);
    this.receivers.get(frame.type)?.(frame, room);
    if (room && "title" in frame) noteTitle(room, frame);
    if (isUserFrame(frame)) this.#receiveUserFrame(frame, room);
    else if (frame.type === "joined") this.#receiveJoined(frame);
    else if (frame.type === "system" && frame.event === "error") receiveRefusal(this, frame, room);
    else if (room && frame.type === "left") this.#forgetRoom(room);
    else if (room) this.#apply(frame, room);
  }

  /** @param {JoinedFrame} frame */
  #receiveJoined(frame) {
    const { onFirstPage, onMove } = this.options;
    const room = this.#ensureRoom(frame.room);
    this.invitations.byRoom.delete(frame.room);
    const isByCommand = room.membership !== "joining";
    if (room === this.room && !room.runs.length) onFirstPage?.();
    this.#apply(frame, room);
    this.#repeatRead(frame);
    if (frame.read === null) this.refresh.askPlacesSoon();
    this.#store();
    if (isByCommand && room !== this.room) onMove?.(room.name);
  }

  /**
   * @param {UserFrame} frame
   * @param {Room} [room]
   */
  #receiveUserFrame(frame, room) {
    const notice = this.options.describe?.(frame);
    if (frame.type === "invited" && frame.kind === "direct") this.#askPlaces();
    else if (frame.type === "invited") this.invitations.byRoom.set(frame.room, frame);
    // The lobby stays open, but is not joined again at once.
    if (frame.type === "removed" && room?.name === this.options.lobby) room.membership = "removed";
    else if (frame.type === "removed" && room) this.#forgetRoom(room);
    if (notice) this.addNotice(this.room, notice, "notice");
    this.options.onChange();
  }

  /** @param {PlacesFrame} frame */
  #receivePlaces({ rooms: places, invitations = [] }) {
    this.invitations.replace(invitations);
    const isKept = (/** @type {Room} */ room) => room === this.room || room.name === this.options.lobby;
    const { rooms, left } = applyPlaces(this.rooms, places, isKept);
    this.rooms = rooms;
    for (const room of left) if (room.membership === "joined") this.send("leave", {}, room);
    for (const room of rooms.values()) this.catchUp.check(room);
    for (const place of places) this.#repeatRead(place);
    this.#store();
    this.options.onChange();
  }

  /** @param {{ room: string, read?: number | null }} place */
  #repeatRead({ room: name, read }) {
    const room = this.rooms.get(name);
    if (room && typeof read === "number" && read < room.marked) this.refresh.sendRead(room);
  }

  /**
   * @param {Frame} frame
   * @param {Room} room
   */
  #apply(frame, room) {
    for (const { author, clientId } of sentItems(frame)) {
      if (author === this.me && clientId) this.delivery.remove(clientId);
    }
    applyFrame(room, frame, this.me, Date.now());
    this.catchUp.check(room, frame.type === "joined");
    const isNews = frame.type === "system" && frame.user;
    if (isNews && room === this.room) this.refresh.askRosterSoon(room.roster.count);
    this.options.onChange();
  }

  /** @param {ConnectionState} state */
  #changeConnectionState(state) {
    this.connectionState = state;
    if (state.name === "waiting" && state.refused) this.#tellWhy(state);
    this.options.onChange();
    if (state.name !== "live") return;
    this.refresh.askRosterSoon(this.room.roster.count);
    if (state.isNew) this.#begin();
    else for (const room of roomsToJoin(this.rooms.values(), this.room)) this.joins.join(room);
  }

  /** @param {Extract<ConnectionState, { name: "waiting" }>} state */
  #tellWhy(state) {
    const refusal = { code: state.code, message: state.refused };
    state.refused = "";
    tellRefusal(refusal, this.options.describeRefusal, (text) => {
      state.refused = text;
      this.options.onChange();
    });
  }

  // The current room and those with unsent items are joined at once, the others when it is known which they are.
  #begin() {
    this.catchUp.stop();
    for (const room of this.rooms.values()) room.membership = "idle";
    this.joins.join(this.room);
    this.invitations.sendAccepted();
    for (const { room } of this.outbox.all()) {
      const unsentRoom = this.rooms.get(room);
      if (unsentRoom) this.joins.join(unsentRoom);
    }
    this.delivery.deliverAll();
    this.#askPlaces();
  }
}
