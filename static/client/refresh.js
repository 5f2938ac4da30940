// What is asked and told now and then: who is in the current room, which rooms the user is in, and what was read.
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

/**
 * Returns a time that is spread around the given one, so that many clients do not ask at once.
 * @param {number} milliseconds
 * @param {number} [chance] from 0 to 1
 */
export function spread(milliseconds, chance = Math.random()) {
  return milliseconds * (0.75 + chance / 2);
}

/**
 * Does the work again and again, each time after `interval()` milliseconds, until `stop`.
 * @param {() => Promise<unknown> | void} work
 * @param {() => number} interval
 */
function repeat(work, interval) {
  let timer = 0;
  let isStopped = false;

  /** @param {number} delay */
  function runIn(delay) {
    clearTimeout(timer);
    timer = isStopped ? 0 : setTimeout(run, delay);
  }

  async function run() {
    timer = 0;
    await work();
    if (!timer) runIn(interval());
  }

  runIn(interval());
  return {
    /** Does the work after this time instead of the planned one. */
    runIn,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Does the work of each key at most once in `interval` milliseconds: the first time at once, the last time never lost.
 * @template Key
 * @param {(key: Key) => void} work
 * @param {number} interval
 */
function throttle(work, interval) {
  /** @type {Map<Key, { timer: number, isWaiting: boolean }>} */
  const pauses = new Map();

  /** @param {Key} key */
  function run(key) {
    const pause = { timer: setTimeout(() => end(key), interval), isWaiting: false };
    pauses.set(key, pause);
    work(key);
  }

  /** @param {Key} key */
  function end(key) {
    const isWaiting = pauses.get(key)?.isWaiting;
    pauses.delete(key);
    if (isWaiting) run(key);
  }

  return {
    /** @param {Key} key */
    call(key) {
      const pause = pauses.get(key);
      if (pause) pause.isWaiting = true;
      else run(key);
    },

    /** Does now what is waiting, and keeps no timer. */
    flush() {
      for (const [key, { timer, isWaiting }] of [...pauses]) {
        clearTimeout(timer);
        pauses.delete(key);
        if (isWaiting) work(key);
      }
    },
  };
}
