import assert from "node:assert/strict";
import test from "node:test";
import { countUnread, orderedEntries } from "../../../static/client/index.js";
import { joined, line, range } from "./frames.js";
import { settle } from "./service.js";
import { startChat } from "./start.js";
import { createStorage } from "./storage.js";

const place = (room, more = {}) => ({ room, read: 0, unread: 0, head: 0, ...more });
const places = (...rooms) => ({ type: "places", rooms: rooms.map((one) => (one.room ? one : place(one))) });
const joinedRooms = (service) => service.received("join").map(({ room }) => room);

test("the server says which rooms are shown, with their unread counts", async (t) => {
  const { chat, service, storage } = await startChat(t);

  await service.answer("places", places("lobby", place("design", { read: 4, unread: 7, head: 20 })));

  assert.deepEqual([...chat.rooms.keys()], ["lobby", "design"]);
  assert.equal(countUnread(chat.rooms.get("design")), 7);
  assert.deepEqual(joinedRooms(service), ["lobby", "design"]);
  assert.deepEqual(
    JSON.parse(storage["chat.user.ana.places"]).rooms.map(({ room, unread }) => [room, unread]),
    [
      ["lobby", 0],
      ["design", 7],
    ],
  );
});

test("a room that was left on another device disappears, and one that was joined there appears", async (t) => {
  const { chat, service } = await startChat(t);
  await service.answer("places", places("lobby", "design"));
  await service.answer("join", joined([], { room: "design" }));

  chat.setVisible(true);
  await new Promise((resolve) => setTimeout(resolve));
  await service.answer("places", places("lobby", "garden"));

  assert.deepEqual([...chat.rooms.keys()], ["lobby", "garden"]);
  assert.deepEqual(service.received("leave"), [{ room: "design" }]);
  assert.equal(joinedRooms(service).at(-1), "garden");
});

test("the current room stays, and so does one that the server could not keep", async (t) => {
  const { chat, service } = await startChat(t);
  for (const room of ["design", "garden"]) {
    chat.openRoom(room);
    await service.answer("join", joined([], { room, read: null, unread: null }));
  }

  await service.answer("places", places("lobby"));

  assert.deepEqual([...chat.rooms.keys()], ["lobby", "design", "garden"]);
  assert.deepEqual(service.received("leave"), []);
});

test("at most 19 rooms are joined by themselves, the current one first; the others are shown", async (t) => {
  const names = range(1, 30).map((number) => `room${number}`);
  const { chat, service } = await startChat(t);

  await service.answer("places", places(...names));

  assert.equal(joinedRooms(service).length, 19);
  assert.equal(joinedRooms(service)[0], "lobby");
  assert.equal(chat.rooms.size, 31);
  chat.openRoom("room30");
  assert.equal(joinedRooms(service).at(-1), "room30");
});

test("when too many rooms are joined, the room says so and stays", async (t) => {
  const { chat, service } = await startChat(t);
  await service.answer("join", joined([]));
  await service.answer("places", places(...range(1, 30).map((number) => `room${number}`)));

  chat.openRoom("room30");
  const error = { type: "system", event: "error", code: "too_many_rooms", message: "leave one first", room: "room30" };
  await service.answer("join", error);

  assert.equal(chat.room.name, "room30");
  assert.equal(orderedEntries(chat.room).at(-1).message, "leave one first");
});

test("what was stored is shown until the server has answered, for this user alone", async (t) => {
  const rooms = [
    { room: "design", unread: 3, isPlaced: true },
    { room: "no/such", unread: 1 },
  ];
  const storage = createStorage({
    "chat.user.ana.places": JSON.stringify({ v: 1, rooms }),
    "chat.user.bo.places": "{}",
  });
  const { chat, service } = await startChat(t, { storage });
  assert.deepEqual([...chat.rooms.keys()], ["design"]);
  assert.equal(countUnread(chat.rooms.get("design")), 3);

  chat.openRoom("lobby");
  await service.answer("places", places("lobby"));

  assert.deepEqual([...chat.rooms.keys()], ["lobby"]);
});

test("what was read is told at most every two seconds, the last of it always", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startChat(t);
  await service.answer("join", joined(range(1, 3), { read: 0, unread: 3 }));
  for (const seq of [3, 4, 5]) {
    await service.publish(line(seq));
    chat.markRead({ seq });
  }
  const told = () => service.received("read").map(({ seq }) => seq);
  assert.deepEqual(told(), [3]);

  t.mock.timers.tick(2_000);
  assert.deepEqual(told(), [3, 5]);
  await service.publish(line(6));
  chat.markRead({ seq: 6 });
  chat.setVisible(false);

  assert.deepEqual(told(), [3, 5, 6]);
});

test("while newer messages are missing, the room does not count as read", async (t) => {
  const { chat, service } = await startChat(t);
  await service.answer("join", joined(range(1, 3), { read: 0, unread: 3 }));
  chat.room.head = 4;

  chat.markRead({ seq: 3 });

  assert.equal(countUnread(chat.room), 3);
});

test("what the server does not know to be read is told again after a new connection", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { chat, service } = await startChat(t);
  await service.answer("join", joined(range(1, 3), { read: 0, unread: 3 }));
  await service.cut(1008);
  chat.markRead({ seq: 3 });
  t.mock.timers.tick(2_000);
  await service.greet();

  await service.answer("join", joined(range(1, 3), { read: 0, unread: 3 }));

  assert.deepEqual(service.received("read"), [{ room: "lobby", seq: 3 }]);
});

test("an answer that failed for a moment is not an error on the screen", async (t) => {
  const { chat, service } = await startChat(t);
  await service.answer("join", joined([]));

  const error = { type: "system", event: "error", code: "storage_unavailable", message: "storage does not answer" };
  await service.answer("places", error);

  assert.deepEqual(orderedEntries(chat.room), []);
});

test("who is here is asked soon after somebody comes or goes, once for many", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  t.mock.method(Math, "random", () => 0.5);
  const { chat, service } = await startChat(t);
  await service.answer("join", joined([]));
  t.mock.timers.tick(10_000);
  await settle();
  const roster = { type: "roster", room: "lobby", users: ["ana"], count: 120, head: 0, first: 1, at: "2027" };
  await service.answer("roster", roster);
  assert.equal(chat.room.roster.count, 120);
  const asked = service.received("roster").length;

  const news = { type: "system", event: "joined", room: "lobby", message: "" };
  for (const user of ["bo", "cy"]) await service.publish({ ...news, user, at: "2028" });
  assert.equal(chat.room.roster.count, 122);
  t.mock.timers.tick(3_000);
  await settle();
  assert.equal(service.received("roster").length, asked); // everybody in the room asks: in a large one they spread
  t.mock.timers.tick(1_300);
  await settle();

  assert.equal(service.received("roster").length, asked + 1);
});

test("nothing is asked while the user does not look", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { chat, service } = await startChat(t);
  await service.answer("join", joined([]));
  await service.answer("places", places("lobby"));
  chat.setVisible(false);

  for (let minute = 0; minute < 20; minute += 1) {
    t.mock.timers.tick(60_000);
    await settle();
  }

  assert.deepEqual(service.received("roster"), []);
  assert.equal(service.received("places").length, 1);
});
