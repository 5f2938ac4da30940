// What the client asks and tells by itself: what is missing, who is in the current room, which rooms the user is in, and what
// was read. A question is answered when its frame has come before its acknowledgement.
import { repeat, spread, throttle } from "./timers.js";
/** @import { Frame, Room, SendResult, SystemFrame } from "./types.js" */

// The server could not do it now, or the room was left meanwhile.
const EXPECTED_CODES = new Set(["not_in_room", "rate_limited", "service_unavailable", "storage_unavailable"]);
const READ_MS = 2000; // for each room
const ROSTER_MS = 60_000;
const NEWS_MS = 3000; // from the last news of somebody who joined or left
const SPREAD_MS_PER_PERSON = 20; // everybody in the room asks
const PLACES_MS = 300_000;
const UNJOINED_PLACES_MS = 30_000; // while there are rooms of which nothing comes live

/**
 * Returns what asks and takes the answers.
 * @param {(event: string, data: object) => Promise<SendResult>} send
 */
export function createQuestions(send) {
  /** @type {Map<string, { isAnswered: boolean }>} by event and room */
  const open = new Map();

  return {
    /**
     * Sends the event, and returns whether it was answered. The user is not told of a failure: it is asked again later.
     * @param {string} event
     * @param {{ room?: string } & Record<string, unknown>} data
     */
    async ask(event, data) {
      const question = { isAnswered: event === "read" }; // has no frame as its answer
      const key = keyOf(event, data.room);
      open.set(key, question);
      const { ok } = await send(event, data);
      if (open.get(key) === question) open.delete(key);
      return ok && question.isAnswered;
    },

    /**
     * Notes the answer, before it is applied.
     * @param {Frame} frame
     */
    receive(frame) {
      const question = frame.type && open.get(keyOf(frame.type, frame.room));
      // The roster may be known while storage cannot be read.
      const isUnreadable = "head" in frame && frame.head === null && frame.type !== "roster";
      if (question && !isUnreadable) question.isAnswered = true;
    },

    /**
     * Returns whether an error frame belongs to a question rather than to something that the user did.
     * @param {SystemFrame} frame
     */
    isRefusal({ room, code = "", clientId }) {
      if (clientId || !EXPECTED_CODES.has(code)) return false;
      const question = [...open].find(([key]) => !room || key.endsWith(` ${room}`))?.[1];
      if (question) question.isAnswered = false;
      return Boolean(question);
    },
  };
}

/**
 * Begins to ask. The questions are functions: they return when they were answered, or have failed.
 * @param {object} options
 * @param {() => Promise<unknown>} options.askRoster
 * @param {() => Promise<unknown>} options.askPlaces
 * @param {(room: Room) => Promise<unknown>} options.sendRead
 * @param {() => Iterable<Room>} options.rooms
 */
export function createRefresh({ askRoster, askPlaces, sendRead, rooms }) {
  let isVisible = true;
  let rosterDueAt = 0; // where somebody comes or goes all the time, the question is not put off for ever
  const reading = throttle(sendRead, READ_MS);
  const roster = repeat(
    async () => {
      rosterDueAt = 0;
      if (isVisible) await askRoster();
    },
    () => spread(ROSTER_MS),
  );
  const places = repeat(
    async () => {
      if (isVisible) await askPlaces();
    },
    () => spread([...rooms()].some(({ membership }) => membership === "idle") ? UNJOINED_PLACES_MS : PLACES_MS),
  );

  return {
    /** Tells the server, now or soon, what the user has read in the room. */
    sendRead: reading.call,

    /** Tells the server now what it has not been told yet. */
    flush: reading.flush,

    /**
     * Asks for the roster soon: somebody joined or left, or frames may have been lost.
     * @param {number} [count] how many people are in the room
     */
    askRosterSoon(count = 0) {
      rosterDueAt ||= Date.now() + ROSTER_MS;
      const delay = spread(NEWS_MS) + Math.random() * SPREAD_MS_PER_PERSON * count;
      roster.runIn(Math.min(delay, rosterDueAt - Date.now()));
    },

    /** Asks for the places soon: an answer had no unread count. */
    askPlacesSoon() {
      places.runIn(spread(UNJOINED_PLACES_MS));
    },

    /** @param {boolean} visible whether the user can see the chat: else nothing is asked */
    setVisible(visible) {
      isVisible = visible;
      reading.flush();
      if (!isVisible) return;
      roster.runIn(spread(NEWS_MS));
      places.runIn(0);
    },

    stop() {
      reading.flush();
      roster.stop();
      places.stop();
    },
  };
}

/**
 * @param {string} event
 * @param {string} [room]
 */
function keyOf(event, room = "") {
  return `${event} ${room}`;
}
