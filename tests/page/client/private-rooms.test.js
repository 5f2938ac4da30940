import assert from "node:assert/strict";
import test from "node:test";
import { joined } from "./frames.js";
import { startChat } from "./start.js";

const { titleOf } = await import("../../../static/client/room.js");
const ROOM = "~q5w7e2r4t6y3u7i2o4p6a3s5";
const privateRoom = { room: ROOM, kind: "private", title: "Team plans" };
const privatePlace = { ...privateRoom, read: 0, unread: 0, head: 1 };
const notices = (room) => [...room.entries.values()].filter(({ event }) => event === "notice");

test("a private room has the title that the server says, and keeps it in storage", async (t) => {
  const { chat, service, storage } = await startChat(t);
  await service.publish(joined([], { ...privateRoom, head: 1 }));

  const room = chat.rooms.get(ROOM);
  assert.equal(titleOf(room, chat), "Team plans");
  await service.publish({ type: "moderation", room: ROOM, seq: 2, act: "rename", by: "bo", title: "Plans for May" });
  assert.equal(titleOf(room, chat), "Plans for May");
  chat.close();
  assert.ok(JSON.parse(storage["chat.user.ana.places"]).rooms.some(({ title }) => title === "Plans for May"));
});

test("a direct room is called as the other user is called", async (t) => {
  const { chat, service } = await startChat(t);

  const names = { "aad:b2": "Bo" };
  await service.publish(joined([], { room: ROOM, kind: "direct", title: "aad:b2", with: "aad:b2", head: 1, names }));

  assert.equal(titleOf(chat.rooms.get(ROOM), chat), "Bo");
});

test("invitations are those that the server lists and tells, until the room is joined", async (t) => {
  const { chat, service } = await startChat(t);
  const invitation = { ...privateRoom, by: "bo", at: "2026-01-31T12:00:00.000Z" };
  await service.answer("places", { type: "places", rooms: [], invitations: [invitation] });
  await service.publish({ type: "invited", ...invitation, room: "~other" });
  assert.deepEqual([...chat.invitations.byRoom.keys()], [ROOM, "~other"]);

  chat.invitations.accept(ROOM);
  await service.publish(joined([], { ...privateRoom, head: 1 }));

  assert.deepEqual(service.received("accept"), [{ room: ROOM }]);
  assert.deepEqual([...chat.invitations.byRoom.keys()], ["~other"]);
});

test("who is removed leaves the room", async (t) => {
  const { chat, service } = await startChat(t);
  await service.publish(joined([], { room: "lobby" }));
  await service.publish(joined([], { ...privateRoom, head: 1 }));
  await service.answer("places", { type: "places", rooms: [privatePlace], invitations: [] });

  await service.publish({ type: "removed", room: ROOM, act: "remove", at: "2026-01-31T12:00:00.000Z" });

  assert.equal(chat.rooms.has(ROOM), false);
  assert.equal(chat.room.name, "lobby");
  assert.deepEqual(notices(chat.room), []); // the words are the page's
});
