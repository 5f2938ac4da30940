// Work that is done now and then.

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
export function repeat(work, interval) {
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
export function throttle(work, interval) {
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
