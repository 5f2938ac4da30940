import assert from "node:assert/strict";
import test from "node:test";
import { outbox } from "../../static/outbox.js";

// Web Storage as its own properties, which is how a browser's behaves.
function storage() {
  return Object.defineProperty({}, "getItem", {
    value(key) {
      return this[key] ?? null;
    },
  });
}
const entry = (id, second = 0) => ({
  id,
  room: "lobby",
  from: "ana",
  message: id,
  sentAt: `2026-01-31T12:00:0${second}.000Z`,
});

test("what was not confirmed is there after a reload, in the order it was typed", () => {
  const kept = storage();
  const before = outbox(kept, "ana");
  before.put(entry("b", 2), "pending");
  before.put(entry("a", 1), "pending");

  assert.deepEqual(
    outbox(kept, "ana")
      .all()
      .map(({ id }) => id),
    ["a", "b"],
  );
});

test("what the server has accepted is not sent again after a reload", () => {
  const kept = storage();
  const box = outbox(kept, "ana");
  box.put(entry("a"), "pending");
  box.put(entry("a"), "sent");

  assert.equal(box.get("a").state, "sent");
  assert.deepEqual(outbox(kept, "ana").all(), []);
});

test("what is dropped is gone for good", () => {
  const kept = storage();
  const box = outbox(kept, "ana");
  box.put(entry("a"), "pending");
  box.drop("a");

  assert.deepEqual([box.get("a"), outbox(kept, "ana").all()], [undefined, []]);
});

test("two tabs do not overwrite each other, and people do not share", () => {
  const kept = storage();
  const [one, two] = [outbox(kept, "ana"), outbox(kept, "ana")];
  one.put(entry("a", 1), "pending");
  two.put(entry("b", 2), "pending");

  assert.equal(outbox(kept, "ana").all().length, 2);
  assert.equal(outbox(kept, "an").all().length, 0);
});
