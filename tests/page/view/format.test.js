import assert from "node:assert/strict";
import test from "node:test";
import {
  describeConnection,
  describeStart,
  formatCount,
  formatDay,
  formatNames,
  formatPresence,
  splitLinks,
} from "../../../static/view/format.js";

const plain = (text) => text.replace(/[\u2068\u2069]/g, "");

for (const [users, said] of [
  [["ana"], "ana"],
  [["ana", "bo"], "ana and bo"],
  [["ana", "bo", "cy"], "ana, bo and cy"],
  [["ana", "bo", "cy", "dee", "eve"], "ana, bo and 3 others"],
]) {
  test(`${users.length} names`, () => assert.equal(plain(formatNames(users)), said));
}

test("people beyond the names that are known are counted", () => {
  assert.equal(plain(formatNames(["ana", "bo", "cy"], 25)), "ana, bo and 23 others");
  assert.equal(plain(formatNames(["ana"], 2)), "ana and 1 other");
});

test("a name's direction does not affect the text around it", () => {
  assert.equal(formatNames(["שלום"]), "\u2068שלום\u2069");
});

test("a comma in a name stays in it", () => {
  assert.equal(plain(formatNames(["ana, the first", "bo"])), "ana, the first and bo");
  assert.equal(plain(formatNames(["ana, the first"])), "ana, the first");
});

test("joins and leaves are summarised by the last one of each person", () => {
  const events = [
    ["ana", "joined"],
    ["bo", "joined"],
    ["ana", "left"],
    ["cy", "left"],
    ["cy", "joined"],
  ];

  assert.equal(plain(formatPresence(events.map(([user, event]) => ({ user, event })))), "bo and cy joined · ana left");
});

test("the status says what happens to messages", () => {
  const describe = (link, auth = "easyauth", online = true) => describeConnection(link, auth, 1000, online);

  assert.deepEqual(describe({ name: "live" }), { tone: "live", text: "Live" });
  assert.match(describe({ name: "live" }, "open").text, /demo/);
  assert.match(describe({ name: "waiting", at: 4200 }).text, /^Reconnecting.*kept/);
  assert.equal(describe({ name: "waiting", at: 4200 }).waitSeconds, 4);
  assert.match(describe({ name: "waiting", at: 4200 }, "open", false).text, /offline.*kept/);
  assert.match(describe({ name: "waiting", at: 0, refused: "no such hub" }).text, /no such hub/);
  assert.match(describe({ name: "signed out" }).text, /signed out.*kept/);
  assert.match(describe({ name: "signed out", user: "aad:bo" }).text, /Another user.*kept/);
});

test("the status is a warning while nobody knows whether the connection works", () => {
  for (const name of ["connecting", "checking", "waiting"]) {
    assert.equal(describeConnection({ name, at: 0 }, "open", 0, true).tone, "warn");
    assert.match(describeConnection({ name, at: 0 }, "open", 0, false).text, /^You are offline.*kept/);
  }
});

test("the beginning of a room is told from the end of what is kept", () => {
  const entries = [
    { user: "bo", event: "joined" },
    { from: "bo", sentAt: "2026-01-31T12:00:00.000Z" },
  ];
  const describe = (after, days) => describeStart({ runs: [{ after, last: 9 }] }, "#design", entries, days);

  assert.equal(describe(0, 30), "This is where #design began.");
  assert.match(describe(4, null), /^Messages before .*31.*2026.* were removed\.$/);
  assert.match(describe(4, 30), /were removed\. They are kept for 30 days\.$/);
  assert.match(describe(4, 1), /They are kept for a day\.$/);
  assert.equal(describeStart({ runs: [] }, "#design", entries, 30), "");
});

test("people are counted in thousands, and a lower bound is told as one", () => {
  assert.equal(formatCount(7, false), "7");
  assert.equal(formatCount(1000, true), "1,000+");
});

test("a day is named relative to today, also when daylight saving time changes", () => {
  const now = new Date("2026-03-29T12:00").getTime();

  assert.equal(formatDay(new Date("2026-03-29T00:00"), now), "Today");
  assert.equal(formatDay(new Date("2026-03-28T23:59"), now), "Yesterday");
  assert.match(formatDay(new Date("2026-03-27T23:59"), now), /2026/);
});

const addresses = (text) =>
  splitLinks(text)
    .filter(({ href }) => href)
    .map(({ href }) => href);

test("nothing of the text is lost", () => {
  const text = "see https://a.example/x?y=1#z, (http://b.example/w_(v)). javascript:alert(1) <b>";

  assert.equal(
    splitLinks(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
});

for (const [text, found] of [
  ["go to https://a.example.", ["https://a.example"]],
  ["(https://a.example/b)", ["https://a.example/b"]],
  ["https://a.example/w_(v)", ["https://a.example/w_(v)"]],
  ["https://a.example/?q=1&r=2!", ["https://a.example/?q=1&r=2"]],
  ["HTTP://A.example and https://b.example", ["HTTP://A.example", "https://b.example"]],
  ["javascript:alert(1) data:text/html,x ftp://a.example", []],
  ["https://", []],
  ["https://a.example/\u202egpj.exe", ["https://a.example/"]],
]) {
  test(`the addresses in ${JSON.stringify(text)}`, () => assert.deepEqual(addresses(text), found));
}
