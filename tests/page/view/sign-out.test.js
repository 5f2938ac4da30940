import assert from "node:assert/strict";
import test from "node:test";
import { waitForAnswers } from "../../../static/view/sign-out.js";

/** Returns a chat with one item in its outbox, and what was seen of the wait for it. */
function wait(t, { connection = "live", state = "pending" } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const items = [{ id: "a", state }];
  const chat = { connectionState: { name: connection }, outbox: { all: () => items } };
  const seen = { isOver: false };
  waitForAnswers(chat).then(() => {
    seen.isOver = true;
  });
  const pass = async (milliseconds) => {
    for (const end = now + milliseconds; now < end;) {
      now += 10;
      t.mock.timers.tick(10);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { chat, items, seen, pass };
}

test("who signs out right after a message is not asked about it: its answer comes first", async (t) => {
  const { items, seen, pass } = wait(t);

  await pass(500);
  assert.equal(seen.isOver, false);
  items.length = 0;
  await pass(100);

  assert.equal(seen.isOver, true);
});

test("an answer that does not come is waited for two seconds", async (t) => {
  const { seen, pass } = wait(t);

  await pass(1900);
  assert.equal(seen.isOver, false);
  await pass(200);

  assert.equal(seen.isOver, true);
});

for (const options of [{ connection: "offline" }, { state: "failed" }, { state: "sent" }]) {
  test(`nothing is waited for with ${JSON.stringify(options)}`, async (t) => {
    const { seen, pass } = wait(t, options);

    await pass(10);

    assert.equal(seen.isOver, true);
  });
}
