import assert from "node:assert/strict";
import test from "node:test";
import { openOutbox, withUnsent } from "../../../static/client/index.js";
import { createStorage } from "./storage.js";

const message = (id, second = 0, more = {}) => ({
  kind: "message",
  id,
  room: "lobby",
  from: "ana",
  message: id,
  sentAt: `2026-01-31T12:00:0${second}.000Z`,
  state: "pending",
  ...more,
});

test("what was not confirmed is there after a reload, in the order it was typed", () => {
  const storage = createStorage();
  const before = openOutbox(storage, "ana");
  before.put(message("b", 2));
  before.put(message("a", 1));

  assert.deepEqual(
    openOutbox(storage, "ana")
      .all()
      .map(({ id }) => id),
    ["a", "b"],
  );
});

test("a stored message carries its version, and is read as it was written", () => {
  const storage = createStorage();
  const written = message("a", 1, {
    replyTo: { id: "q", from: "bo", message: "tea?" },
    state: "failed",
    error: "too long",
  });
  openOutbox(storage, "ana").put(written);

  assert.equal(JSON.parse(storage["chat.user.ana.outbox.a"]).v, 1);
  assert.deepEqual(openOutbox(storage, "ana").all(), [written]);
});

test("what the server has accepted is not sent again after a reload", () => {
  const storage = createStorage();
  const outbox = openOutbox(storage, "ana");
  outbox.put(message("a"));
  outbox.put(message("a", 0, { state: "sent" }));

  assert.equal(outbox.get("a").state, "sent");
  assert.deepEqual(openOutbox(storage, "ana").all(), []);
});

test("what is removed stays removed", () => {
  const storage = createStorage();
  const outbox = openOutbox(storage, "ana");
  outbox.put(message("a"));
  outbox.remove("a");

  assert.deepEqual([outbox.get("a"), openOutbox(storage, "ana").all()], [undefined, []]);
});

test("two tabs do not overwrite each other, and users do not share messages", () => {
  const storage = createStorage();
  const [one, two] = [openOutbox(storage, "ana"), openOutbox(storage, "ana")];
  one.put(message("a", 1));
  two.put(message("b", 2));
  openOutbox(storage, "ana.b").put(message("c", 3, { from: "ana.b" }));

  assert.equal(openOutbox(storage, "ana").all().length, 2);
  assert.equal(openOutbox(storage, "ana.b").all().length, 1);
  assert.equal(openOutbox(storage, "an").all().length, 0);
});

test("messages are read that were stored before they carried a version", () => {
  const storage = createStorage({
    "chat.user.ana.outbox.1-2-3-4":
      '{"id":"1-2-3-4","from":"ana","room":"lobby","message":"hello","replyTo":{"id":"q","from":"bo","message":"tea?"},' +
      '"sentAt":"2026-01-31T12:00:00.000Z","state":"pending"}',
    "chat.user.ana.outbox.5-6-7-8":
      '{"id":"5-6-7-8","from":"ana","room":"lobby","message":"long","sentAt":"2026-01-31T12:00:01.000Z",' +
      '"state":"failed","error":"the limit is 4096"}',
  });

  const [first, second] = openOutbox(storage, "ana").all();

  assert.equal(first.message, "hello");
  assert.equal(first.state, "pending");
  assert.deepEqual(first.replyTo, { id: "q", from: "bo", message: "tea?" });
  assert.equal(second.state, "failed");
  assert.equal(second.error, "the limit is 4096");
});

test("an unknown field is ignored, and a missing one has its default", () => {
  const storage = createStorage({
    "chat.user.ana.outbox.a": '{"v":1,"room":"lobby","message":"hello","colour":"red"}',
    "chat.user.ana.outbox.b": '{"v":1,"room":"lobby","message":"hello","state":"failed","sentAt":"soon","replyTo":"q"}',
  });

  const outbox = openOutbox(storage, "ana");

  const { sentAt, ...first } = outbox.get("a");
  const expected = { kind: "message", id: "a", from: "ana", room: "lobby", message: "hello", state: "pending" };
  assert.deepEqual(first, { ...expected, replyTo: undefined, error: undefined });
  assert.ok(Date.parse(sentAt));
  assert.ok(outbox.get("b").error);
  assert.ok(Date.parse(outbox.get("b").sentAt));
  assert.equal(outbox.get("b").replyTo, undefined);
});

for (const foreign of ["", "{", "null", "7", '"text"', "[]", "{}", '{"v":2,"room":"lobby","message":"hello"}']) {
  test(`what is no message of this version is ignored and stays: ${JSON.stringify(foreign)}`, () => {
    const storage = createStorage({ "chat.user.ana.outbox.a": foreign });

    assert.deepEqual(openOutbox(storage, "ana").all(), []);
    assert.equal(storage["chat.user.ana.outbox.a"], foreign);
  });
}

test("changes are stored with a version that a page without them ignores, and are read as they were written", () => {
  const storage = createStorage();
  const change = { from: "ana", room: "lobby", target: "m1", state: "pending", error: undefined };
  const written = [
    { ...change, kind: "edit", id: "a", sentAt: "2026-01-31T12:00:01.000Z", message: "better" },
    { ...change, kind: "react", id: "b", sentAt: "2026-01-31T12:00:02.000Z", emoji: "👍", on: false },
    { ...change, kind: "delete", id: "c", sentAt: "2026-01-31T12:00:03.000Z", state: "failed", error: "no" },
  ];
  for (const one of written) openOutbox(storage, "ana").put(one);

  assert.equal(JSON.parse(storage["chat.user.ana.outbox.a"]).v, 2);
  assert.deepEqual(openOutbox(storage, "ana").changes("lobby"), written);
  assert.deepEqual(openOutbox(storage, "ana").messages("lobby"), []);
  assert.deepEqual(openOutbox(storage, "ana").changes("design"), []);
});

for (const foreign of [
  '{"v":2,"room":"lobby","kind":"edit","message":"better"}',
  '{"v":2,"room":"lobby","kind":"edit","target":"m1"}',
  '{"v":2,"room":"lobby","kind":"react","target":"m1"}',
  '{"v":2,"room":"lobby","kind":"pin","target":"m1"}',
  '{"v":3,"room":"lobby","kind":"delete","target":"m1"}',
]) {
  test(`what is no change of this version is ignored and stays: ${foreign}`, () => {
    const storage = createStorage({ "chat.user.ana.outbox.a": foreign });

    assert.deepEqual(openOutbox(storage, "ana").all(), []);
    assert.equal(storage["chat.user.ana.outbox.a"], foreign);
  });
}

test("a message on its way is the last one, and one that could not be sent stands where it was typed", () => {
  const entries = [1, 3, 5].map((seq) => ({ id: `m${seq}`, seq }));
  const failed = (id, after) => ({ ...message(id), state: "failed", after });
  const ids = (unsent) => withUnsent(entries, unsent).map(({ id }) => id);

  assert.deepEqual(ids([failed("a", 1), message("b", 1, { after: 1 })]), ["m1", "a", "m3", "m5", "b"]);
  assert.deepEqual(ids([failed("a", 1), failed("b", 1), failed("c", 5)]), ["m1", "a", "b", "m3", "m5", "c"]);
  assert.deepEqual(ids([failed("a")]), ["m1", "m3", "m5", "a"]); // stored by an earlier version
});

test("where a message was typed is known after a reload, and nothing that is no number", () => {
  const storage = createStorage();
  openOutbox(storage, "ana").put(message("a", 0, { after: 7 }));
  openOutbox(storage, "ana").put(message("b", 1, { after: "x" }));

  const [a, b] = openOutbox(storage, "ana").all();
  assert.deepEqual([a.after, b.after], [7, undefined]);
});
