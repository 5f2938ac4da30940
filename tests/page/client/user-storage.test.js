import assert from "node:assert/strict";
import test from "node:test";
import { clearUser, moveFormerKeys, openOutbox, readPlaces, userStorage } from "../../../static/client/index.js";
import { createStorage } from "./storage.js";

test("each user has keys of their own, whatever the ids are", () => {
  const storage = createStorage({ "chat.theme": "dark", "chat.user": "ana" });
  const users = ["a", "a.b", "a.b.draft", "a%2Eb", "user", "theme", "__proto__", "aad:3f2b", "Ω å", "a/b"];
  for (const user of users) userStorage(storage, user).setItem("draft.lobby", `by ${user}`);

  for (const user of users) {
    const own = userStorage(storage, user);
    assert.deepEqual([own.keys(), own.getItem("draft.lobby")], [["draft.lobby"], `by ${user}`]);
  }
});

test("what is cleared is all of one user, and nothing of others", () => {
  const storage = createStorage({ "chat.theme": "dark", "chat.user": "ana" });
  for (const user of ["ana", "ana.b", "bo"]) userStorage(storage, user).setItem("draft.lobby", "hello");
  userStorage(storage, "ana").setItem("places", "[]");

  clearUser(storage, "ana");

  assert.deepEqual(Object.keys(storage), [
    "chat.theme",
    "chat.user",
    "chat.user.ana%2Eb.draft.lobby",
    "chat.user.bo.draft.lobby",
  ]);
});

test("a storage that is full loses the value before, and says so", () => {
  const storage = createStorage();
  const own = userStorage(storage, "ana");
  assert.equal(own.setItem("draft.lobby", "hello"), true);
  storage.__proto__ = {
    ...storage.__proto__,
    setItem() {
      throw new Error("QuotaExceededError");
    },
  };

  assert.equal(own.setItem("draft.lobby", "hello, long"), false);
  assert.equal(own.getItem("draft.lobby"), null);
  openOutbox(storage, "ana").put({
    kind: "message",
    id: "a",
    from: "ana",
    room: "lobby",
    message: "x",
    state: "pending",
  });
});

test("what earlier versions kept for the user is the user's, and what they kept for everybody is gone", () => {
  const item = (from, message) => JSON.stringify({ v: 1, from, room: "lobby", message });
  const storage = createStorage({
    "chat.theme": "dark",
    "chat.user": "a",
    "chat.rooms": "lobby,secret-plans",
    "chat.draft.lobby": "a former person's draft",
    "chat.read.lobby": "7",
    "chat.places.a": '{"v":1,"rooms":[{"room":"design"}]}',
    "chat.places.a.b": '{"v":1,"rooms":[{"room":"garden"}]}',
    "chat.outbox.a.1-2-3-4": item("a", "mine"),
    "chat.outbox.a.5-6-7-8": '{"room":"lobby","message":"without a version and an author"}',
    "chat.outbox.a.b.1-2-3-4": item("a.b", "another one's"),
    "chat.outbox.a.9": "{",
  });

  moveFormerKeys(storage, "a");

  assert.deepEqual(
    openOutbox(storage, "a")
      .all()
      .map(({ message }) => message),
    ["mine", "without a version and an author"],
  );
  assert.deepEqual(
    readPlaces(storage, "a", "lobby").map(({ room }) => room),
    ["design"],
  );
  const others = Object.keys(storage).filter((key) => !key.startsWith("chat.user.a."));
  assert.deepEqual(others, [
    "chat.theme",
    "chat.user",
    "chat.places.a.b",
    "chat.outbox.a.b.1-2-3-4",
    "chat.outbox.a.9",
  ]);
  moveFormerKeys(storage, "a.b");
  assert.deepEqual(
    openOutbox(storage, "a.b")
      .all()
      .map(({ message }) => message),
    ["another one's"],
  );
});
