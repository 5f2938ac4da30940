import assert from "node:assert/strict";
import test from "node:test";
import { backoffDelay, connect } from "../../../static/client/index.js";
import { settle, startService } from "./service.js";

const TICK_MS = 5_000;

async function startConnection(t, { answer, ...options } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  const service = startService();
  if (answer) globalThis.fetch = async () => ({ status: 200, json: async () => answer });
  const states = [];
  const connection = connect({
    userId: "ana",
    me: "ana",
    ...options,
    onState: ({ name, user }) => states.push(user ? `${name} ${user}` : name),
    onFrame() {},
  });
  t.after(() => connection.close());
  await settle();
  return { service, connection, states };
}

test("waiting doubles from a second to half a minute, and the jitter only shortens it", () => {
  assert.deepEqual(
    [0, 1, 2, 10].map((attempt) => backoffDelay(attempt, 1)),
    [1000, 2000, 4000, 30_000],
  );
  assert.equal(backoffDelay(3, 0), 4000);
});

test("a connection is live when the service has spoken, not when its socket opens", async (t) => {
  const { service, states } = await startConnection(t);

  service.openSocket();
  assert.deepEqual(states, []);
  await service.greet();
  assert.deepEqual(states, ["live"]);
});

test("a connection that may be lost is not live before it has answered, whatever else still arrives", async (t) => {
  const { service, connection, states } = await startConnection(t);
  await service.greet();

  connection.verify();
  connection.verify();
  assert.deepEqual(states, ["live", "checking"]);
  await service.publish({ type: "system", event: "notice", message: "was on its way" });
  assert.deepEqual(states, ["live", "checking"]);
  service.pong();
  assert.deepEqual(states, ["live", "checking", "live"]);
});

test("a connection that does not answer in five seconds is replaced", async (t) => {
  const { service, connection, states } = await startConnection(t);
  await service.greet();

  connection.verify();
  await service.publish({ type: "system", event: "notice", message: "was on its way" });
  t.mock.timers.tick(5_000);
  assert.deepEqual(states, ["live", "checking", "waiting"]);
});

test("after a sleep the connection is not live before it has answered", async (t) => {
  const { service, states } = await startConnection(t);
  await service.greet();
  for (let tick = 0; tick < 12; tick += 1) {
    t.mock.timers.tick(TICK_MS);
    service.pong();
  }
  assert.deepEqual(states, ["live"]);

  t.mock.timers.setTime(Date.now() + 60_000); // timers do not run while the machine sleeps
  t.mock.timers.tick(1);
  assert.deepEqual(states, ["live", "checking"]);
  service.pong();
  assert.deepEqual(states, ["live", "checking", "live"]);
});

test("where the platform knows the user, the connection is not made for another user who has signed in meanwhile", async (t) => {
  const answer = { url: "ws://service/client?access_token=t", user: "aad:bo" };
  const { service, states } = await startConnection(t, { userId: undefined, me: "aad:ana", answer });

  assert.deepEqual(states, ["signed out aad:bo"]);
  assert.deepEqual(service.addresses(), []);
});
