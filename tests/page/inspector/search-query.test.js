import assert from "node:assert/strict";
import test from "node:test";
import {
  createMatcher,
  matchesConnection,
  parseSearch,
  searchParameters,
  withField,
} from "../../../local_azure/webpubsub/inspector/page/search_query.js";
import { KIND_LABELS } from "../../../local_azure/webpubsub/inspector/page/formatting.js";
import { anEntry } from "./entries.js";

const ALL_KINDS = new Set(Object.keys(KIND_LABELS));
const matcher = (text, filters = {}) =>
  createMatcher({ search: parseSearch(text), kinds: ALL_KINDS, hub: "", errorsOnly: false, ...filters });

test("words with a field's name ask for that field, and the rest is one text", () => {
  assert.deepEqual(parseSearch('good user:Ana  room:"the lobby" morning status:5xx id:7f'), {
    q: "good morning",
    user: "Ana",
    room: "the lobby",
    id: "7f",
    status: "5xx",
  });
  assert.equal(parseSearch("at 10:30 http://x/?user:no").q, "at 10:30 http://x/?user:no");
  assert.equal(parseSearch('user:"not ended').user, "not ended");
});

test("asking for a field replaces what was asked for it before", () => {
  assert.equal(withField("hello user:bo", "user", "ana"), "hello user:ana");
  assert.equal(withField("", "user", "Ana B"), 'user:"Ana B"');
});

test("the service is asked with the parameters of its interface, and without those that are empty", () => {
  const kinds = new Set(["rest", "webhook"]);
  const parameters = searchParameters({ search: parseSearch("a b user:ana"), kinds, hub: "", errorsOnly: true });

  assert.equal(parameters.toString(), "q=a+b&user=ana&errors=1&kind=webhook%2Crest");
  const all = searchParameters({ search: parseSearch(""), kinds: ALL_KINDS, hub: "chat", errorsOnly: false });
  assert.equal(all.toString(), "");
});

const delivery = anEntry(1, {
  kind: "delivery",
  title: "group Lobby",
  user: null,
  connection: null,
  receivers: [["77aa", "Bo"]],
  receiverCount: 1,
  status: "to 1",
});
for (const [text, entry, expected] of [
  ["MORNING", anEntry(1), true],
  ["evening", anEntry(1), false],
  ["user:bo", delivery, true],
  ["user:ana", delivery, false],
  ["room:lobby", delivery, true],
  ["room:lobby", anEntry(1, { excerpt: "lobby" }), false],
  ["room:attic", anEntry(1, { groups: ["Attic"] }), true],
  ["id:77a", delivery, true],
  ["id:12", anEntry(12), true],
  ["id:1", anEntry(12), false],
  ["status:5xx", anEntry(1, { status: "503" }), true],
  ["status:50", anEntry(1, { status: "503" }), true],
  ["status:204", anEntry(1, { status: "503" }), false],
  ["morning user:ana status:204", anEntry(1), true],
  ["morning user:bo status:204", anEntry(1), false],
]) {
  test(`the search ${text} ${expected ? "finds" : "does not find"} ${entry.title} ${entry.status}`, () => {
    assert.equal(matcher(text)(entry), expected);
  });
}

test("kinds, hub, errors and routine narrow also what the service has found", () => {
  const found = new Set([1]);

  assert.equal(matcher("deep in a header", { found })(anEntry(1)), true);
  assert.equal(matcher("deep in a header", { found })(anEntry(2)), false);
  assert.equal(matcher("deep in a header", { found, errorsOnly: true })(anEntry(1)), false);
  assert.equal(matcher("", { errorsOnly: true })(anEntry(1, { ok: false })), true);
  assert.equal(matcher("", { errorsOnly: true })(anEntry(1, { ok: null })), false);
  assert.equal(matcher("", { hub: "other" })(anEntry(1)), false);
  assert.equal(matcher("", { kinds: new Set(["rest"]) })(anEntry(1)), false);
  assert.equal(matcher("")(anEntry(1, { routine: true })), false);
  assert.equal(matcher("", { kinds: new Set([...ALL_KINDS, "routine"]) })(anEntry(1, { routine: true })), true);
});

test("a connection is found by its user, its id, its groups and its hub", () => {
  const connection = { hub: "chat", id: "77aa", user: null, groups: ["Lobby"] };
  const finds = (text, hub = "") => matchesConnection(connection, { search: parseSearch(text), hub });

  assert.deepEqual(
    ["", "77AA", "lobby", "room:lob", "id:77"].map((text) => finds(text)),
    Array(5).fill(true),
  );
  assert.deepEqual(
    ["user:ana", "room:attic", "id:7a", "nothing"].map((text) => finds(text)),
    Array(4).fill(false),
  );
  assert.equal(finds("", "other"), false);
});
