import assert from "node:assert/strict";
import test from "node:test";
import { joined as joinedPage, line } from "./frames.js";
import { createStorage } from "./storage.js";

// What only a page has may not be touched: reading it fails.
for (const name of ["document", "window", "location", "localStorage", "sessionStorage"]) {
  Object.defineProperty(globalThis, name, {
    get() {
      throw new Error(`the client has used ${name}`);
    },
  });
}
const { orderedEntries } = await import("../../../static/client/index.js");
const { startChat } = await import("./start.js");

const joined = (room, messages = []) => joinedPage([], { room, messages, head: messages.at(-1)?.seq ?? 0 });

test("a room is joined once the server has answered", async (t) => {
  const { chat, service } = await startChat(t);
  assert.equal(chat.room.membership, "joining");

  await service.publish(joined("lobby", [line(1)]));

  assert.equal(chat.room.membership, "joined");
  assert.deepEqual(
    orderedEntries(chat.room).map(({ id }) => id),
    ["m1"],
  );
});

test("a room that is refused is left, and the lobby says why", async (t) => {
  const { chat, service, storage, moves } = await startChat(t);
  await service.publish(joined("lobby"));
  await service.acknowledge("join");

  chat.openRoom("no such");
  await service.publish({ type: "system", event: "error", message: "a room is letters", room: "no such" });
  await service.acknowledge("join");

  assert.deepEqual([...chat.rooms.keys()], ["lobby"]);
  assert.equal(chat.room.name, "lobby");
  assert.deepEqual(moves, ["lobby"]);
  assert.equal(orderedEntries(chat.room).at(-1).message, "a room is letters");
  assert.deepEqual(
    JSON.parse(storage["chat.user.ana.places"]).rooms.map(({ room }) => room),
    ["lobby"],
  );
});

test("names are kept as frames tell them, and an id without a name is shown as it is", async (t) => {
  const { chat, service } = await startChat(t);
  await service.publish({ ...joined("lobby"), names: { "aad:1": "Bo" } });
  await service.publish({ type: "typing", room: "lobby", user: "aad:2", names: { "aad:2": "Cy" } });

  assert.deepEqual(
    ["aad:1", "aad:2", "aad:3"].map((user) => chat.nameOf(user)),
    ["Bo", "Cy", "aad:3"],
  );
});

test("what is on its way to the server has its author", async (t) => {
  const { chat } = await startChat(t);
  chat.sendMessage("hello");

  const [unsent] = chat.unsentMessages();

  assert.deepEqual([unsent.message, unsent.user, unsent.from], ["hello", "ana", "ana"]);
});

test("a room that a command has joined becomes the current one", async (t) => {
  const { chat, service } = await startChat(t);

  await service.publish(joined("design"));

  assert.equal(chat.room.name, "design");
  assert.equal(chat.room.membership, "joined");
  assert.equal(service.received("join").length, 1); // of the lobby
});

test("a message is in the outbox until it comes back", async (t) => {
  const { chat, service } = await startChat(t);
  await service.publish(joined("lobby"));

  chat.sendMessage("hello");
  const [{ clientId }] = service.received("message");
  assert.deepEqual([chat.outbox.get(clientId).state], ["pending"]);
  await service.acknowledge("message");
  assert.equal(chat.outbox.get(clientId).state, "sent");
  await service.publish(line(1, { from: "ana", clientId }));

  assert.deepEqual(chat.outbox.all(), []);
  assert.equal(orderedEntries(chat.room).length, 1);
});

test("a refused message says why and can be delivered again with the same id", async (t) => {
  const { chat, service } = await startChat(t);
  chat.sendMessage("hello");
  await service.acknowledge("message", { success: false, error: { name: "InternalServerError", message: "broken" } });
  const [failed] = chat.outbox.all();
  assert.deepEqual([failed.state, failed.error], ["failed", "broken"]);

  chat.retry(failed.id);

  const [first, second] = service.received("message");
  assert.equal(chat.outbox.all()[0].state, "pending");
  assert.equal(first.clientId, second.clientId);
});

test("what an earlier visit could not send is sent with the first connection", async (t) => {
  const storage = createStorage({
    "chat.user.ana.places": '{"v":1,"rooms":[{"room":"lobby"},{"room":"design"}]}',
    "chat.user.ana.outbox.a":
      '{"id":"a","from":"ana","room":"design","message":"hello","sentAt":"2026-01-31T12:00:00.000Z"}',
  });
  const { service } = await startChat(t, { storage });

  assert.deepEqual(
    service.received("message").map(({ clientId, message, room }) => [clientId, message, room]),
    [["a", "hello", "design"]],
  );
  assert.deepEqual(
    service.received("join").map(({ room }) => room),
    ["lobby", "design"],
  );
});

test("a connection that the service has ended is a new one, and everything is joined and sent again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startChat(t);
  await service.publish(joined("lobby"));
  await service.acknowledge("join");
  chat.sendMessage("hello");

  await service.cut(1008);
  assert.equal(chat.connectionState.name, "waiting");
  assert.equal(chat.room.membership, "joined");
  t.mock.timers.tick(1_000);
  await service.greet();

  assert.equal(chat.connectionState.name, "live");
  assert.equal(chat.room.membership, "joining");
  assert.equal(service.received("message").length, 1);
  assert.equal(service.addresses().length, 2);
});

test("a connection that was cut is recovered, and nothing is joined again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startChat(t);
  await service.publish(joined("lobby"));
  await service.acknowledge("join");

  await service.cut(4001);
  t.mock.timers.tick(0);
  await service.publish(line(1));

  assert.match(service.addresses().at(-1), /awps_connection_id=c1&awps_reconnection_token=r$/);
  assert.equal(chat.connectionState.isNew, false);
  assert.deepEqual(service.received("join"), []);
});

test("who is removed from the lobby stays outside until a new connection or a command joins it", async (t) => {
  const { chat, service } = await startChat(t);
  await service.publish(joined("lobby"));
  await service.acknowledge("join");

  await service.publish({ type: "removed", room: "lobby", act: "kick", at: "2026-01-31T12:00:00.000Z" });
  chat.openRoom("lobby");

  assert.equal(chat.room.membership, "removed");
  assert.equal(service.received("join").length, 1);
  await service.publish(joined("lobby"));
  assert.equal(chat.room.membership, "joined");
});
