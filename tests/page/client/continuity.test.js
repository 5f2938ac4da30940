import assert from "node:assert/strict";
import test from "node:test";
import { addRun, gapLength, gapsOf, lastKnown } from "../../../static/client/index.js";
import { createRandom, shuffled } from "./random.js";

const run = (after, last) => ({ after, last });
const addAll = (runs) => runs.reduce(addRun, []);

test("runs that touch or overlap become one", () => {
  assert.deepEqual(addAll([run(0, 4), run(4, 6)]), [run(0, 6)]);
  assert.deepEqual(addAll([run(3, 9), run(0, 5)]), [run(0, 9)]);
  assert.deepEqual(addAll([run(0, 2), run(6, 8), run(2, 6)]), [run(0, 8)]);
  assert.deepEqual(addAll([run(0, 2), run(3, 8)]), [run(0, 2), run(3, 8)]);
});

test("an empty room is known from its beginning", () => {
  const runs = addRun([], run(0, 0));

  assert.equal(lastKnown(runs), 0);
  assert.deepEqual(gapsOf(runs, 0, 1), []);
  assert.deepEqual(gapsOf(addRun(runs, run(2, 3)), 3, 1), [{ after: 0, until: 3, isRemoved: false }]);
});

test("a gap is between two runs, and between the last one and the head", () => {
  const gaps = gapsOf([run(4, 10), run(20, 30)], 33, 1);

  assert.deepEqual(gaps, [
    { after: 10, until: 21, isRemoved: false },
    { after: 30, until: 34, isRemoved: false },
  ]);
  assert.deepEqual(gaps.map(gapLength), [10, 3]);
});

test("the part of a gap that the server has not kept is a gap of its own, and nobody asks for it", () => {
  assert.deepEqual(gapsOf([run(0, 10), run(40, 50)], 50, 21), [
    { after: 10, until: 21, isRemoved: true },
    { after: 20, until: 41, isRemoved: false },
  ]);
  assert.deepEqual(gapsOf([run(0, 10), run(40, 50)], 50, 90), [{ after: 10, until: 41, isRemoved: true }]);
  assert.deepEqual(gapsOf([run(0, 10)], 50, 11), [{ after: 10, until: 51, isRemoved: false }]);
});

test("in whatever order entries come, runs and gaps together are the whole log, each entry once", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = createRandom(seed);
    const head = 1 + Math.floor(random() * 60);
    const known = new Set();
    let runs = addRun([], run(0, 0));
    for (const seq of shuffled(head, random)) {
      if (random() < 0.3) continue; // lost
      const length = Math.min(head - seq, Math.floor(random() * 3)); // entries that come together
      runs = addRun(runs, run(seq - 1, seq + length));
      for (let one = seq; one <= seq + length; one += 1) known.add(one);
    }
    const missing = gapsOf(runs, head, 1).flatMap(({ after, until }) => numbers(after, until - 1));
    const present = runs.flatMap(({ after, last }) => numbers(after, last));
    assert.deepEqual(
      present,
      [...known].sort((a, b) => a - b),
      `seed ${seed}`,
    );
    assert.deepEqual(
      [...present, ...missing].sort((a, b) => a - b),
      numbers(0, head),
      `seed ${seed}`,
    );
  }
});

function numbers(after, last) {
  return Array.from({ length: last - after }, (_, index) => after + 1 + index);
}
