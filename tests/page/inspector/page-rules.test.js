import assert from "node:assert/strict";
import test from "node:test";
import { entryAddress, readAddress } from "../../../local_azure/webpubsub/inspector/page/address.js";
import {
  entryDuration,
  entryPerson,
  formatBytes,
  formatMilliseconds,
  splitByMatch,
} from "../../../local_azure/webpubsub/inspector/page/formatting.js";
import { headerValue } from "../../../local_azure/webpubsub/inspector/page/http_view.js";
import { changesOf, editableHeaders } from "../../../local_azure/webpubsub/inspector/page/replay_form.js";
import { commandOf, SHORTCUTS } from "../../../local_azure/webpubsub/inspector/page/shortcuts.js";
import { anEntry } from "./entries.js";

const press = (key, focus = "page", modifiers = {}) => commandOf({ key, ...modifiers }, focus);

test("the address names a view or one entry, and anything else is the flow", () => {
  assert.deepEqual(readAddress(entryAddress(12)), { view: "flow", entry: 12 });
  assert.deepEqual(readAddress("#usage"), { view: "usage", entry: null });
  for (const hash of ["", "#", "#nothing", "#entry=", "#entry=-1", "#entry=1e3", "#entry=1234567890123456"]) {
    assert.deepEqual(readAddress(hash), { view: "flow", entry: null });
  }
});

test("each key has one command, and a key that is typed into a field has none", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.deepEqual(
    ["/", "j", "k", "e", "?", "Enter"].map((key) => press(key)),
    ["search", "next", "previous", "errors", "keys", "open"],
  );
  assert.equal(press("j", "text"), null);
  assert.equal(press("Escape", "text"), "close");
  assert.equal(press("e", "page", { ctrlKey: true }), null);
  assert.equal(press("x"), null);
});

test("arrows and Enter are for the list, not for a button that has the focus", () => {
  assert.equal(press("ArrowDown", "list"), "next");
  assert.equal(press("ArrowDown", "other"), null);
  assert.equal(press("Enter", "other"), null);
  assert.equal(press("j", "other"), "next");
});

test("every match of the searched text is marked, in any case", () => {
  const marked = (text, searched) =>
    splitByMatch(text, searched)
      .map(({ text: part, isMatch }) => (isMatch ? `[${part}]` : part))
      .join("");

  assert.equal(marked("Good morning, good evening", "good"), "[Good] morning, [good] evening");
  assert.equal(marked("aaa", "aa"), "[aa]a");
  assert.equal(marked("nothing", ""), "nothing");
  assert.equal(marked("", "x"), "");
  assert.equal(marked("İx", "x"), "İx"); // its lower case is longer: nothing is marked
});

test("an entry is about its user, else its connection, else its receivers", () => {
  const receivers = ["a", "b", "c", "d"].map((name) => [`id-${name}`, name]);

  assert.equal(entryPerson(anEntry(1)), "ana");
  assert.equal(entryPerson(anEntry(1, { user: null, connection: "0123456789" })), "01234567");
  assert.equal(entryPerson(anEntry(1, { user: null, connection: null, receivers, receiverCount: 4 })), "a, b, c …");
  assert.equal(entryPerson(anEntry(1, { user: null, connection: null })), "");
});

test("durations and sizes have a unit that fits, and only calls have a duration", () => {
  assert.deepEqual([null, 0, 9.96, 12.4, 12345].map(formatMilliseconds), ["", "0.0", "10.0", "12", "12,345"]);
  assert.deepEqual([0, 1, 1023, 1536, 33554432].map(formatBytes), [
    "0 bytes",
    "1 byte",
    "1,023 bytes",
    "1.5 KiB",
    "32 MiB",
  ]);
  assert.equal(entryDuration(anEntry(1, { ms: 4 })), "4.0");
  assert.equal(entryDuration(anEntry(1, { ms: 4, inProgress: true })), "");
  assert.equal(entryDuration(anEntry(1, { ms: 4, kind: "delivery" })), "");
});

test("only what was edited is sent with a replay, and secrets and the service's own headers cannot be edited", () => {
  const recorded = [
    ["ce-id", "7"],
    ["ce-signature", "sha256=***"],
    ["Authorization", "Bearer ***"],
    ["Host", "localhost"],
    ["ce-userId", "ana"],
  ];
  const headers = editableHeaders(recorded);
  const original = { body: "hello", headers };

  assert.deepEqual(headers, [
    ["ce-id", "7"],
    ["ce-userId", "ana"],
  ]);
  assert.deepEqual(changesOf(original, original), {});
  assert.deepEqual(changesOf(original, { body: "bye", headers }), { body: "bye" });
  const edited = [
    ["ce-id", "7"],
    ["ce-userId", "bo"],
    ["x-new", "1"],
    ["", "lost"],
  ];
  assert.deepEqual(changesOf(original, { body: "hello", headers: edited }), {
    headers: { "ce-userId": "bo", "x-new": "1" },
  });
  assert.deepEqual(changesOf(original, { body: "hello", headers: headers.slice(1) }), { headers: { "ce-id": null } });
  assert.equal(headerValue(recorded, "ce-userid"), "ana");
});
