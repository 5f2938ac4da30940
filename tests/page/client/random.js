// Numbers that look random and are the same in every run.

/** Returns a function that returns the next number, from 0 to 1 (a linear congruential generator). */
export function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Returns the numbers 1 to `length` in an order of chance. */
export function shuffled(length, random) {
  return Array.from({ length }, (_, index) => ({ number: index + 1, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ number }) => number);
}
