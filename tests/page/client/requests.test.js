import assert from "node:assert/strict";
import test from "node:test";
import { settle } from "./service.js";
import { startChat } from "./start.js";

const asked = (service, event) => service.received(event).at(-1);
const isError = ({ event }) => event === "error";

test("a request has the answer with its own client id", async (t) => {
  const { chat, service } = await startChat(t);
  const request = chat.request("members");
  const { room, clientId } = asked(service, "members");

  await service.publish({ type: "members", room: "lobby", clientId: "another", members: [] });
  const members = [{ user: "ana", role: "owner" }];
  await service.publish({ type: "members", room: "lobby", clientId, members });
  await service.acknowledge("members");

  assert.equal(room, "lobby");
  assert.deepEqual((await request).members, members);
});

test("what one user is told is a notice in the room unless somebody waits for it", async (t) => {
  const { chat, service } = await startChat(t);
  const told = [];
  chat.options.describe = (frame) => told.push(frame.type);
  const request = chat.request("mute", { user: "bo" });
  const { clientId } = asked(service, "mute");

  await service.publish({ type: "system", event: "notice", room: "lobby", clientId, message: "nothing was changed" });
  await service.publish({
    type: "link",
    room: "lobby",
    clientId: "m-1",
    secret: "s",
    until: "2026-02-07T12:00:00.000Z",
  });
  await service.publish({ type: "members", room: "lobby", members: [] });
  await service.acknowledge("mute");

  assert.equal((await request).message, "nothing was changed");
  assert.equal(
    [...chat.room.entries.values()].some(({ event }) => event === "notice" && event.message),
    false,
  );
  assert.deepEqual(told, ["link", "members"]);
});

test("an answer that is wanted apart changes nothing of the room", async (t) => {
  const { chat, service } = await startChat(t);
  const line = { id: "m1", room: "lobby", from: "bo", user: "bo", message: "old", sentAt: "2026-01-31T12:00:00.000Z" };
  const page = {
    room: "lobby",
    messages: [{ ...line, seq: 3, version: 3 }],
    before: 3,
    complete: true,
    head: 90,
    first: 1,
  };
  const request = chat.request("history", { before: 4 }, { isApart: true });
  const { clientId } = asked(service, "history");

  await service.publish({ type: "history", clientId, ...page });
  await service.acknowledge("history");

  assert.equal((await request).messages[0].message, "old");
  assert.equal(chat.room.entries.has("m1"), false);
});

test("a refused request says why, to who has asked alone", async (t) => {
  const { chat, service } = await startChat(t);
  const request = chat.request("mute", { user: "bo" });
  const { clientId } = asked(service, "mute");
  const refusal = { code: "not_allowed", message: "only moderators can mute", retryAfter: 3 };

  await service.publish({ type: "system", event: "error", room: "lobby", clientId, ...refusal });
  await Promise.all([
    assert.rejects(request, (error) => {
      assert.deepEqual({ code: error.code, message: error.message, retryAfter: error.retryAfter }, refusal);
      return true;
    }),
    service.acknowledge("mute"),
  ]);

  assert.equal([...chat.room.entries.values()].some(isError), false);
});

test("a request without a connection, and one whose connection ends, is refused as offline", async (t) => {
  const { chat, service } = await startChat(t);
  const ended = assert.rejects(chat.request("members"), { code: "offline" });
  await service.cut(1008);

  await ended;
  await assert.rejects(chat.request("members"), { code: "offline" });
});

test("an event without an answer is done once it is acknowledged", async (t) => {
  const { chat, service } = await startChat(t);
  const request = chat.request("resolve", { room: "design", id: "a" });
  await service.acknowledge("resolve");
  await settle();

  assert.equal(await request, undefined);
  assert.equal(asked(service, "resolve").room, "design");
});

test("frames of further types go to who takes them", async (t) => {
  const { chat, service } = await startChat(t);
  const taken = [];
  chat.receivers.set("mentioned", (frame, room) => taken.push([frame.seq, room?.name]));

  await service.publish({ type: "mentioned", room: "lobby", seq: 3 });
  await service.publish({ type: "mentioned", room: "elsewhere", seq: 4 });

  assert.deepEqual(taken, [
    [3, "lobby"],
    [4, undefined],
  ]);
});
