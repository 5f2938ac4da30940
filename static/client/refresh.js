// What the client asks and tells from time to time: who is in the current room, which rooms the user is in, and what was
// read.
import { repeat, spread, throttle } from "./timers.js";
/** @import { Room } from "./types.js" */

const READ_MS = 2000; // for each room
const ROSTER_MS = 60_000;
const NEWS_MS = 3000; // from the last news of somebody who joined or left
const SPREAD_MS_PER_PERSON = 20; // everybody in the room asks
const PLACES_MS = 300_000;
const UNJOINED_PLACES_MS = 30_000; // while there are rooms of which nothing comes live

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
