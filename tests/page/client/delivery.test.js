import assert from "node:assert/strict";
import test from "node:test";
import { orderedEntries, withChanges } from "../../../static/client/index.js";
import { change, joined, line, since } from "./frames.js";
import { startChat } from "./start.js";
import { createStorage } from "./storage.js";

/** Starts a chat in the lobby, where `bo` and `ana` have said something. */
async function startInLobby(t, options) {
  const started = await startChat(t, options);
  const lines = [line(1), line(2, { from: "ana" })];
  await started.service.answer("join", joined([], { messages: lines, head: 2, read: 2 }));
  return started;
}

const shown = ({ room, outbox, me }, id) =>
  withChanges(orderedEntries(room), outbox.changes("lobby"), me).find((entry) => entry.id === id);

test("an edit is shown at once, and is on its way until its frame comes", async (t) => {
  const { chat, service } = await startInLobby(t);

  chat.changeMessage({ kind: "edit", target: "m2", message: "better" });
  const [{ clientId, ...sent }] = service.received("edit");
  assert.deepEqual(sent, { room: "lobby", id: "m2", message: "better" });
  assert.deepEqual([shown(chat, "m2").message, shown(chat, "m2").pendingChange], ["better", "edit"]);
  await service.publish(change("edited", 3, 2, { message: "better", by: "ana", clientId, editedAt: line(3).sentAt }));

  assert.deepEqual([shown(chat, "m2").message, shown(chat, "m2").pendingChange], ["better", undefined]);
  assert.deepEqual(chat.outbox.all(), []);
});

test("a reaction counts at once, and a cleared one no longer", async (t) => {
  const { chat, service } = await startInLobby(t);

  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: true });
  assert.deepEqual(shown(chat, "m1").reactions, { "👍": ["ana"] });
  assert.deepEqual(shown(chat, "m1").pendingEmojis, ["👍"]);
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: false });

  assert.deepEqual(shown(chat, "m1").reactionCounts, { "👍": 0 });
  assert.equal(service.received("react").length, 1); // the second one waits for the first
});

test("changes of one message go one after the other, those of different messages side by side", async (t) => {
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "edit", target: "m2", message: "one" });
  chat.changeMessage({ kind: "edit", target: "m2", message: "two" });
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: true });

  assert.deepEqual(
    service.received("edit").map(({ message }) => message),
    ["one"],
  );
  assert.equal(service.received("react").length, 1);
  await service.acknowledge("edit");

  assert.deepEqual(
    service.received("edit").map(({ message }) => message),
    ["one", "two"],
  );
});

test("a refused change is undone, says why at its message, and lets the next one go", async (t) => {
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "edit", target: "m1", message: "not mine" });
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: true });

  const [{ clientId }] = service.received("edit");
  const refusal = { type: "system", event: "error", code: "not_yours", message: "it is bo's", room: "lobby", clientId };
  await service.answer("edit", refusal);

  const { message, failedChange } = shown(chat, "m1");
  assert.deepEqual([message, failedChange.error], ["1", "it is bo's"]);
  assert.equal(service.received("react").length, 1);
  chat.discard(failedChange.id);
  assert.equal(shown(chat, "m1").failedChange, undefined);
});

test("a refused change of a message that is not here is told in the room", async (t) => {
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "delete", target: "gone" });

  const [{ clientId }] = service.received("delete");
  await service.answer("delete", {
    type: "system",
    event: "error",
    message: "no such message",
    room: "lobby",
    clientId,
  });

  assert.equal(orderedEntries(chat.room).at(-1).message, "no such message");
  assert.deepEqual(chat.outbox.all(), []);
});

test("changes that were made without a connection are sent by the next one, in their order, with the same ids", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "edit", target: "m2", message: "one" });
  const [{ clientId }] = service.received("edit");
  await service.cut(1008);
  chat.changeMessage({ kind: "delete", target: "m2" });
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: true });
  assert.equal(shown(chat, "m2").pendingChange, "delete");

  t.mock.timers.tick(1_000);
  await service.greet();
  assert.equal(service.received("edit")[0].clientId, clientId);
  assert.deepEqual(service.received("delete"), []);
  await service.acknowledge("edit");

  assert.equal(service.received("delete").length, 1);
  assert.equal(service.received("react").length, 1);
});

test("changes are kept over a reload, and what the server has accepted is not sent again", async (t) => {
  const storage = createStorage();
  const { chat, service } = await startInLobby(t, { storage });
  chat.changeMessage({ kind: "edit", target: "m2", message: "one" });
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: true });
  await service.acknowledge("edit");
  chat.close();

  const again = await startInLobby(t, { storage });

  assert.deepEqual(again.service.received("edit"), []);
  assert.deepEqual(
    again.service.received("react").map(({ emoji, on }) => [emoji, on]),
    [["👍", true]],
  );
});

test("a change that was done but whose frame was lost is confirmed by the entries that are asked for", async (t) => {
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "edit", target: "m2", message: "better" });
  const [{ clientId }] = service.received("edit");

  await service.publish(since(2, [change("edited", 3, 2, { message: "better", by: "ana", clientId })]));

  assert.deepEqual(chat.outbox.all(), []);
  assert.equal(shown(chat, "m2").message, "better");
});

test("a change that changed nothing is done when it is acknowledged", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startInLobby(t);
  chat.changeMessage({ kind: "react", target: "m1", emoji: "👍", on: false });

  await service.acknowledge("react");
  t.mock.timers.tick(3_000);

  assert.deepEqual(chat.outbox.all(), []);
});

test("a reply names the message that it answers", async (t) => {
  const { chat, service } = await startInLobby(t);

  chat.sendMessage("answer", { id: "m1", from: "bo", message: "1" });

  assert.equal(service.received("message")[0].replyTo, "m1");
});

const tooMuch = (clientId, retryAfter) => {
  const message = `too much; try again in ${retryAfter} s`;
  return { type: "system", event: "error", code: "rate_limited", message, room: "lobby", clientId, retryAfter };
};

/** Refuses the newest message, which was too much. */
async function refuseNewest(service, retryAfter) {
  const { clientId } = service.received("message").at(-1);
  await service.publish(tooMuch(clientId, retryAfter));
  await service.acknowledgeItem("message", clientId);
}

const texts = (service) => service.received("message").map(({ message }) => message);

test("a message that was too much waits, says so, and is sent again when it may be", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { chat, service } = await startInLobby(t);
  chat.sendMessage("one");
  const [{ clientId }] = service.received("message");

  await refuseNewest(service, 2);
  const { state, isDelayed } = chat.outbox.get(clientId);
  assert.deepEqual([state, isDelayed], ["pending", true]);
  t.mock.timers.tick(1_990);
  assert.deepEqual(texts(service), ["one"]);
  t.mock.timers.tick(10);

  assert.deepEqual(texts(service), ["one", "one"]);
  assert.equal(service.received("message")[1].clientId, clientId);
  await service.acknowledge("message");
  assert.equal(chat.outbox.get(clientId).state, "sent");
});

test("after a message that was too much, those behind it go one at a time and in order", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { chat, service } = await startInLobby(t);
  chat.sendMessage("one");
  await refuseNewest(service, 1);
  chat.sendMessage("two");
  t.mock.timers.tick(500);
  chat.sendMessage("three");
  assert.deepEqual(texts(service), ["one"]);

  t.mock.timers.tick(500);
  assert.deepEqual(texts(service), ["one", "one"]);
  await service.acknowledge("message");
  assert.deepEqual(texts(service), ["one", "one", "two"]);
  await refuseNewest(service, 1);
  t.mock.timers.tick(1_000);
  await service.acknowledge("message");
  await service.acknowledge("message");

  assert.deepEqual(texts(service), ["one", "one", "two", "two", "three"]);
});

test("of many unsent messages some go at a time, in order, and none is left out", async (t) => {
  const { chat, service } = await startInLobby(t);
  for (let number = 0; number < 30; number += 1) chat.sendMessage(`line ${number}`);

  assert.equal(texts(service).length, 10);
  for (let number = 0; number < 30; number += 1) {
    await service.acknowledgeItem("message", service.received("message")[number].clientId);
  }

  assert.deepEqual(
    texts(service),
    Array.from({ length: 30 }, (_, number) => `line ${number}`),
  );
});

test("a connection that is closed while messages wait loses none of them", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { chat, service } = await startInLobby(t);
  chat.sendMessage("one");
  await refuseNewest(service, 5);
  chat.sendMessage("two");

  await service.cut(1000);
  t.mock.timers.tick(2_000);
  await service.greet();
  await service.answer("join", joined([]));
  t.mock.timers.tick(5_000);
  await service.acknowledge("message");

  assert.deepEqual(texts(service), ["one", "two"]);
});

test("a room whose join was too much is joined later, and stays open", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { chat, service } = await startInLobby(t);
  chat.openRoom("design");

  await service.answer("join", { ...tooMuch(undefined, 3), room: "design" });
  assert.equal(chat.room.name, "design");
  t.mock.timers.tick(3_500);

  assert.deepEqual(
    service.received("join").map(({ room }) => room),
    ["lobby", "design", "design"],
  );
});
