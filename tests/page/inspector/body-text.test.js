import assert from "node:assert/strict";
import test from "node:test";
import {
  firstParts,
  indentJson,
  readableBody,
  readableState,
  textOf,
} from "../../../local_azure/webpubsub/inspector/page/body_text.js";

const body = (text, form = "text") => ({ text, form, truncated: false });
const shown = (...values) => textOf(readableBody(...values).parts);

test("JSON is indented, its strings and names are kept apart, and a number keeps every digit", () => {
  const text = '{"id":12345678901234567890,"tags":["a, {b}",1.50e3],"empty":{},"none":[],"on":true}';

  const { language, parts } = readableBody(body(text, "json"));

  assert.equal(language, "JSON");
  assert.equal(
    textOf(parts),
    `{
  "id": 12345678901234567890,
  "tags": [
    "a, {b}",
    1.50e3
  ],
  "empty": {},
  "none": [],
  "on": true
}`,
  );
  const kinds = Object.fromEntries(parts.map(({ kind, text: part }) => [part, kind]));
  assert.deepEqual(
    ['"id"', '"a, {b}"', "1.50e3", "true"].map((part) => kinds[part]),
    ["key", "string", "number", "word"],
  );
});

test("indented JSON says the same as the JSON that it was made from", () => {
  for (const value of [[], {}, 'a "quoted" \\ text', 0, -1.5, null, [[[]], [{}]], { a: { b: [1, "}"] } }, "é\u2028"]) {
    assert.deepEqual(JSON.parse(textOf(indentJson(JSON.stringify(value)))), value);
  }
});

test("a body that nests thousands of values is shown without growing to a multiple", () => {
  const text = "[".repeat(4000) + "]".repeat(4000);

  assert.ok(shown(body(text, "json")).length < 100 * text.length);
});

test("a body is shown by its type, and as it is when it is not what its type says", () => {
  assert.equal(shown(body('{"a":1}'), "application/cloudevents+json; charset=utf-8"), '{\n  "a": 1\n}');
  assert.equal(shown(body("{broken"), "application/json"), "{broken");
  assert.equal(shown({ text: '{"cut":', form: "json", truncated: true }), '{"cut":');
  assert.equal(shown(body("a=1+2&b=%C3%A9"), "application/x-www-form-urlencoded"), "a = 1 2\nb = é");
  assert.equal(readableBody(body("<a/>"), "application/atom+xml").language, "XML");
  assert.equal(shown(body("good morning"), "text/plain"), "good morning");
});

test("of a long body the first characters are shown, whatever its parts are", () => {
  const parts = indentJson(JSON.stringify({ name: "x".repeat(50), more: [1, 2] }));

  assert.equal(textOf(firstParts(parts, 20)), textOf(parts).slice(0, 20));
  assert.deepEqual(firstParts(parts, 10_000), parts);
  assert.deepEqual(firstParts([], 5), []);
});

test("the state of a connection is read from its header, and whatever else is there is left as it is", () => {
  const encode = (text) => Buffer.from(text).toString("base64");

  assert.equal(readableState(encode('{"room":"café"}')), '{\n  "room": "café"\n}');
  for (const value of ["", "***", encode("no JSON"), Buffer.from([0xff, 0xfe]).toString("base64"), "not base64!"]) {
    assert.equal(readableState(value), "");
  }
});

test("bytes are lines of sixteen with their place and their characters", () => {
  const text = Array.from({ length: 18 }, (_, index) => (0x3f + index).toString(16)).join(" ");

  assert.equal(
    shown(body(text, "hex")),
    `0000  3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e  ?@ABCDEFGHIJKLMN
0010  4f 50${" ".repeat(42)}  OP`,
  );
});
