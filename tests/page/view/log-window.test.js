import assert from "node:assert/strict";
import test from "node:test";
import { chooseRange, createHeights } from "../../../static/view/log-window.js";
import { createRandom } from "../client/random.js";

const entriesOf = (count) => Array.from({ length: count }, (_, index) => ({ id: `m${index}` }));

test("wherever somebody scrolls, what is in view is drawn, with enough around it and not too much", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = createRandom(seed);
    const below = (limit) => Math.floor(random() * limit);
    let count = 1 + below(3000);
    let range = { start: 0, end: 0 };
    for (let step = 0; step < 40; step += 1) {
      count = Math.max(1, count + below(5) - below(3));
      const first = below(count);
      const last = Math.min(count - 1, first + below(50));
      range = chooseRange(range, { first, last }, count, [below(count), -1]);
      const where = `seed ${seed}, step ${step}`;
      assert.ok(range.start >= 0 && range.end <= count, where);
      assert.ok(range.start <= Math.max(0, first - 30) && range.end >= Math.min(count, last + 31), where);
      assert.ok(range.end - range.start <= 1000, where);
    }
  }
});

test("the drawn part stays as it is until the view comes near its end", () => {
  const drawn = chooseRange({ start: 0, end: 0 }, { first: 500, last: 520 }, 10_000);

  assert.deepEqual(drawn, { start: 455, end: 566 });
  assert.equal(chooseRange(drawn, { first: 490, last: 510 }, 10_000), drawn);
  assert.deepEqual(chooseRange(drawn, { first: 465, last: 485 }, 10_000), { start: 420, end: 531 });
});

test("at the end, entries that come are drawn with the others until these are many", () => {
  let range = chooseRange({ start: 0, end: 0 }, { first: 980, last: 999 }, 1000);
  const starts = new Set();
  for (let count = 1001; count <= 1200; count += 1) {
    range = chooseRange({ ...range, end: count }, { first: count - 20, last: count - 1 }, count);
    starts.add(range.start);
    assert.equal(range.end, count);
    assert.ok(range.end - range.start <= 180);
  }

  assert.ok(starts.size <= 4); // not moved by each of them
});

test("what is selected stays drawn when it is near, and not when it is far away", () => {
  const visible = { first: 500, last: 520 };

  assert.equal(chooseRange({ start: 0, end: 0 }, visible, 10_000, [200]).start, 200);
  assert.equal(chooseRange({ start: 0, end: 0 }, visible, 10_000, [700]).end, 701);
  assert.deepEqual(chooseRange({ start: 0, end: 0 }, visible, 10_000, [9000, 5]), { start: 455, end: 566 });
});

test("heights are those that were measured, and the average of these for the others", () => {
  const heights = createHeights();
  const entries = entriesOf(10);
  assert.equal(heights.sum(entries, 0, 10), 600);

  heights.note("m0", 100);
  heights.note("m1", 20);
  heights.note("m1", 0); // it shares the row of another one

  assert.equal(heights.average(), 50);
  assert.equal(heights.sum(entries, 0, 10), 100 + 0 + 8 * 50);
  heights.clear();
  assert.equal(heights.sum(entries, 0, 10), 600);
});

test("the entry at a height is the one that the height is in", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = createRandom(seed);
    const heights = createHeights();
    const entries = entriesOf(50);
    for (const { id } of entries) if (random() < 0.8) heights.note(id, Math.floor(random() * 200));
    const start = Math.floor(random() * 25);
    const height = random() * heights.sum(entries, start, 50);

    const index = heights.indexAt(entries, start, height);

    assert.ok(heights.sum(entries, start, index) <= height);
    assert.ok(index === 49 || heights.sum(entries, start, index + 1) > height);
  }
});
