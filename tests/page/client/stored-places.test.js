import assert from "node:assert/strict";
import test from "node:test";
import { createRoom, readPlaces, writePlaces } from "../../../static/client/index.js";
import { createStorage } from "./storage.js";

const stored = (value) => createStorage({ "chat.user.ana.places": value });
const LOBBY = [{ room: "lobby", unread: 0, isPlaced: false }];

test("a user's rooms are read as they were written, with their unread counts", () => {
  const storage = createStorage();
  const design = Object.assign(createRoom("design"), { isPlaced: true, counted: { head: 9, unread: 4 } });
  writePlaces(storage, "ana", [createRoom("lobby"), design]);

  assert.deepEqual(readPlaces(storage, "ana", "lobby"), [...LOBBY, { room: "design", unread: 4, isPlaced: true }]);
  assert.deepEqual(readPlaces(storage, "bo", "lobby"), LOBBY);
  assert.equal(JSON.parse(storage["chat.user.ana.places"]).v, 1);
});

test("an unknown field is ignored, and a missing one has its default", () => {
  const storage = stored('{"v":1,"colour":"red","rooms":[{"room":"design","pinned":true},{"room":"no/such"},{},null]}');

  assert.deepEqual(readPlaces(storage, "ana", "lobby"), [{ room: "design", unread: 0, isPlaced: false }]);
});

for (const foreign of ["", "{", "null", "7", "[]", "{}", '{"v":1}', '{"v":1,"rooms":7}', '{"v":2,"rooms":[]}']) {
  test(`what is no list of rooms of this version is ignored and stays: ${JSON.stringify(foreign)}`, () => {
    const storage = stored(foreign);

    assert.deepEqual(readPlaces(storage, "ana", "lobby"), LOBBY);
    assert.equal(storage["chat.user.ana.places"], foreign);
  });
}
