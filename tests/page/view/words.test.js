import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeRefusal } from "../../../static/view/words.js";

const PROTOCOL = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
const TABLE = PROTOCOL.split("## Codes of refusals")[1];
const CODES = [...TABLE.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) =>
  [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code),
);
// These say what is wrong with what a person typed, and how to type it.
const IN_SERVER_WORDS = ["invalid_message", "invalid_name", "invalid_reminder", "message_refused", "unknown_command"];
const TECHNICAL = "ChatAuth is not set on 127.0.0.1";

test("every code of a refusal has words for people, or is one that the server explains to them", () => {
  assert.ok(CODES.length > 40);
  const echoed = CODES.filter((code) => describeRefusal({ code, message: TECHNICAL }).includes("ChatAuth"));

  assert.deepEqual(echoed.sort(), IN_SERVER_WORDS);
});

test("no words name a setting, a code or a connection", () => {
  for (const code of CODES.filter((one) => !IN_SERVER_WORDS.includes(one))) {
    const text = describeRefusal({ code, message: TECHNICAL });

    assert.match(text, /^[A-Z].*[.!?]$/, code);
    assert.doesNotMatch(text, /Chat[A-Z]|_|connection|server|storage|\bid\b|JSON/, code);
  }
});

test("what comes from something between the page and the chat is told in general words", () => {
  const general = describeRefusal({ code: "internal_error", message: "x" });

  assert.equal(describeRefusal({ message: "Internal server error" }), general);
  assert.equal(describeRefusal({}), general);
});

test("what has to wait says for how long", () => {
  assert.match(describeRefusal({ code: "rate_limited", retryAfter: 0.4 }), /in 1 second\./);
  assert.match(describeRefusal({ code: "rate_limited", retryAfter: 59.5 }), /in 1 minute\./);
  assert.match(describeRefusal({ code: "slow_mode", retryAfter: 29.1 }), /in 30 seconds\./);
  assert.match(describeRefusal({ code: "muted", retryAfter: 600 }), /for another 10 minutes\./);
  assert.match(describeRefusal({ code: "banned" }), /from this room\./);
  assert.match(describeRefusal({ code: "rate_limited" }), /in a moment\./);
});

test("the server's words become a sentence", () => {
  const message = "say who: /kick bo";
  assert.equal(describeRefusal({ code: "invalid_message", message }), "Say who: /kick bo.");
  assert.equal(describeRefusal({ code: "a_code_of_this_chat", message: "no dice today!" }), "No dice today!");
});
