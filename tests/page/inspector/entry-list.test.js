import assert from "node:assert/strict";
import test from "node:test";
import { createEntryList } from "../../../local_azure/webpubsub/inspector/page/entry_list.js";
import { createRandom } from "../client/random.js";
import { anEntry, someEntries } from "./entries.js";

const idsOf = (list) => list.shown.map(({ id }) => id);

test("a batch of new entries costs one look at each of them, however many there are already", () => {
  const list = createEntryList(10_000);
  let looks = 0;
  list.setMatcher(() => {
    looks += 1;
    return true;
  });
  list.add(someEntries(5000));
  looks = 0;

  list.add([anEntry(5001), anEntry(5002), anEntry(17, { status: "500" })]);

  assert.equal(looks, 3);
  assert.equal(list.shown.length, 5002);
  assert.equal(list.shown[16].status, "500");
});

test("whatever comes, changes and is removed, the shown entries are those that match, in the order of their time", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = createRandom(seed);
    const below = (limit) => Math.floor(random() * limit);
    const capacity = 40;
    const list = createEntryList(capacity);
    let isWanted = () => true;
    const expected = new Map();
    let newest = 0;
    for (let step = 0; step < 60; step += 1) {
      if (below(10) === 0) {
        const remainder = below(2);
        isWanted = ({ ms }) => ms % 2 === remainder;
        list.setMatcher((entry) => isWanted(entry));
      }
      const random100 = () => ({ began: below(50), ms: below(100) });
      const known = [...expected.keys()].filter(() => below(10) === 0);
      const changed = [...known, newest + 1, newest + 2, newest + 3].map((id) => anEntry(id, random100()));
      newest += 3;
      list.add(changed);
      changed.forEach((entry) => expected.set(entry.id, entry));
      for (const id of [...expected.keys()].sort((a, b) => a - b).slice(0, -capacity)) {
        expected.delete(id);
      }
      const sorted = [...expected.values()].filter(isWanted).sort((a, b) => a.began - b.began || a.id - b.id);
      assert.deepEqual(list.shown, sorted, `seed ${seed}, step ${step}`);
      sorted.forEach(({ id }, index) => assert.equal(list.indexOf(id), index));
    }
  }
});

test("only the newest entries are kept, and one that is not shown has no index", () => {
  const list = createEntryList(3);
  list.setMatcher(({ user }) => user === "ana");

  list.add(someEntries(4, (id) => ({ user: id === 3 ? "bo" : "ana" })));

  assert.deepEqual(idsOf(list), [2, 4]);
  assert.equal(list.size, 3);
  assert.deepEqual([list.indexOf(1), list.indexOf(3), list.indexOf(4)], [-1, -1, 1]);
  assert.equal(list.placeOf(anEntry(3)), 1);
  assert.equal(list.lowestId(), 2);
  list.clear();
  assert.deepEqual([list.size, list.shown.length], [0, 0]);
});

test("older entries come before those that the page has, and what a search found beyond them goes with the search", () => {
  const list = createEntryList(100);
  list.add([10, 11, 12].map((id) => anEntry(id)));

  list.addFound([3, 7, 11, 13].map((id) => anEntry(id, { ok: false })));
  assert.deepEqual([idsOf(list), list.lowestId(), list.errorCount], [[3, 7, 10, 11, 12], 10, 2]);

  list.addOlder([6, 7, 8, 9].map((id) => anEntry(id)));
  assert.deepEqual([idsOf(list), list.lowestId()], [[3, 6, 7, 8, 9, 10, 11, 12], 6]);

  list.removeFound();
  assert.deepEqual([idsOf(list), list.errorCount], [[6, 7, 8, 9, 10, 11, 12], 0]);
});

test("a change of an entry that is older than those that the page has leaves no gap behind it", () => {
  const list = createEntryList(100);
  list.add([12, 10, 11].map((id) => anEntry(id)));

  list.add([anEntry(2), anEntry(13)]);

  assert.deepEqual([idsOf(list), list.lowestId()], [[2, 10, 11, 12, 13], 10]);
  list.add([anEntry(2, { status: "500" })]);
  assert.equal(list.get(2).status, "500");
  list.removeFound();
  assert.deepEqual(idsOf(list), [10, 11, 12, 13]);
});
