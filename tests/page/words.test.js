import assert from "node:assert/strict";
import test from "node:test";
import { backoff } from "../../static/connection.js";
import { commands } from "../../static/composer.js";
import { comings, names, status } from "../../static/words.js";

const plain = (text) => text.replace(/[\u2068\u2069]/g, "");

test("waiting doubles from a second to half a minute, and the jitter only shortens it", () => {
  assert.deepEqual(
    [0, 1, 2, 10].map((attempt) => backoff(attempt, 1)),
    [1000, 2000, 4000, 30_000],
  );
  assert.equal(backoff(3, 0), 4000);
});

for (const [users, said] of [
  [["ana"], "ana"],
  [["ana", "bo"], "ana and bo"],
  [["ana", "bo", "cy"], "ana, bo and cy"],
  [["ana", "bo", "cy", "dee", "eve"], "ana, bo and 3 others"],
]) {
  test(`${users.length} names`, () => assert.equal(plain(names(users)), said));
}

test("each name keeps its direction to itself", () => {
  assert.equal(names(["שלום"]), "\u2068שלום\u2069");
});

test("a comma in a name stays in it", () => {
  assert.equal(plain(names(["ana, the first", "bo"])), "ana, the first and bo");
  assert.equal(plain(names(["ana, the first"])), "ana, the first");
});

test("comings and goings tell where each person ended up", () => {
  const events = [
    ["ana", "joined"],
    ["bo", "joined"],
    ["ana", "left"],
    ["cy", "left"],
    ["cy", "joined"],
  ];

  assert.equal(plain(comings(events.map(([user, event]) => ({ user, event })))), "bo and cy joined · ana left");
});

test("the slash menu offers what the text may become, and goes with the first space", () => {
  assert.deepEqual(commands("/re"), ["/remind 10m tea", "/reminders"]);
  assert.ok(commands("/").length > 5);
  assert.deepEqual([commands("/remind "), commands("hi /"), commands("//"), commands("")], [[], [], [], []]);
});

test("the status says what is safe to do", () => {
  const said = (link, auth = "easyauth", online = true) => status(link, auth, 1000, online);

  assert.deepEqual(said({ name: "live" }), { tone: "live", text: "Live" });
  assert.match(said({ name: "live" }, "open").text, /demo/);
  assert.match(said({ name: "waiting", at: 4200 }).text, /^Reconnecting.*kept/);
  assert.equal(said({ name: "waiting", at: 4200 }).wait, 4);
  assert.match(said({ name: "waiting", at: 4200 }, "open", false).text, /offline.*kept/);
  assert.match(said({ name: "waiting", at: 0, refused: "no such hub" }).text, /no such hub/);
  assert.match(said({ name: "signed out" }).text, /signed out.*kept/);
});
