import assert from "node:assert/strict";
import test from "node:test";
import { splitLinks } from "../../../static/view/format.js";

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
