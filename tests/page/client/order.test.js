import assert from "node:assert/strict";
import test from "node:test";
import { cpuMilliseconds } from "../cpu.js";
import { Entries, inOrder } from "../../../static/client/log.js";
import { createRandom } from "./random.js";

const at = (second) => new Date(Date.UTC(2026, 0, 31) + second * 1000).toISOString();
const message = (seq, more = {}) => ({ id: `m${seq}`, from: "bo", seq, sentAt: at(seq), ...more });
const note = (id, second) => ({ id, event: "joined", sentAt: at(second) });
const ids = (entries) => entries.map(({ id }) => id);

test("whatever is added, changed and removed, the kept order is the one that is made anew", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = createRandom(seed);
    const below = (limit) => Math.floor(random() * limit);
    const entries = new Entries();
    for (let step = 0; step < 60; step += 1) {
      const seq = below(4) ? step + 1 : below(60) + 1; // mostly at the end
      const kind = below(10);
      if (kind === 0) entries.set(`n${step}`, note(`n${step}`, below(2) ? step : below(60)));
      else if (kind === 1) entries.delete(`m${below(60)}`);
      else if (kind === 2) entries.set(`m${seq}`, { ...entries.get(`m${seq}`), id: `m${seq}`, version: step });
      else if (kind === 3) entries.set(`m${seq}`, message(seq, { sentAt: at(below(60)) }));
      else entries.set(`m${seq}`, message(seq));
      assert.deepEqual(entries.ordered(), inOrder(entries.values()), `seed ${seed}, step ${step}`);
    }
  }
});

test("what comes at the end, and what replaces an entry, is put in its place, and not in an order that was read before", () => {
  const entries = new Entries();
  entries.set("m1", message(1));
  const before = entries.ordered();

  entries.set("n1", note("n1", 2));
  entries.set("m3", message(3));
  entries.set("m1", message(1, { message: "edited" }));

  const ordered = entries.ordered();
  assert.deepEqual(ids(ordered), ["m1", "n1", "m3"]);
  assert.equal(ordered[0].message, "edited");
  assert.deepEqual(ids(before), ["m1"]);
});

test("ten thousand entries of which each one comes at the end are kept in order in linear time", () => {
  const entries = new Entries();

  const spent = cpuMilliseconds(() => {
    for (let seq = 1; seq <= 10_000; seq += 1) {
      entries.set(`m${seq}`, message(seq));
      entries.ordered();
    }
  });

  assert.ok(spent < 3000, `${spent} ms`); // ordering each time takes ten seconds and more
});
