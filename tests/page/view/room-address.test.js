import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRoomNameError, parseRoomAddress } from "../../../static/view/room-address.js";

const limits = { roomPattern: "[a-z0-9_][a-z0-9_-]{0,31}", roomLength: 32 };
const page = "https://chat.example/app/#lobby";
const secret = "kF2-vQ8hT4mB9xLpZ0cWrY6u";
const parse = (text) => parseRoomAddress(text, page, limits);

test("a name of a room is checked as the server does, and what is wrong is said in words", () => {
  const told = (text) => describeRoomNameError(text, limits);
  for (const name of ["design", "#Design", " _hidden ", "a-b_c-1", "x".repeat(32)]) assert.equal(told(name), "");
  assert.match(told(""), /Give the room a name/);
  assert.match(told("#"), /Give the room a name/);
  assert.match(told("team plans"), /no spaces/);
  assert.match(told("-a"), /cannot begin/);
  assert.match(told("größe"), /“ö”/);
  assert.match(told("~private"), /“~”/);
  assert.match(told("a/b"), /“\/”/);
  assert.match(told("x".repeat(33)), /at most 32 characters, this one has 33/);
});

test("a room is named by its name, its address, or the address of one of its messages", () => {
  assert.deepEqual(parse("Design"), { room: "design" });
  assert.deepEqual(parse("#design"), { room: "design" });
  assert.deepEqual(parse(" https://chat.example/app/#design "), { room: "design" });
  assert.deepEqual(parse("https://chat.example/app/#design/123"), { room: "design", seq: 123 });
  assert.deepEqual(parse("https://chat.example/app/#~abc234"), { room: "~abc234" });
  assert.deepEqual(parse("~ABC234/17"), { room: "~abc234", seq: 17 });
});

test("an invitation link has a secret, with its address or without", () => {
  const invited = { room: "~abc234", secret };
  assert.deepEqual(parse(`https://chat.example/app/#join=~abc234.${secret}`), invited);
  assert.deepEqual(parse(`#join=~abc234.${secret}`), invited);
  assert.deepEqual(parse(`~abc234.${secret}`), invited);
  assert.match(parse("#join=~abc234.").error, /not complete/);
});

test("what names no room of this chat is refused in words", () => {
  assert.match(parse("https://other.example/#design").error, /leads to other.example/);
  assert.match(parse("http://chat.example/#design").error, /leads to chat.example/);
  assert.match(parse("https://chat.example/app/").error, /names no room/);
  assert.match(parse("https://").error, /not complete/);
  assert.match(parse("~a b").error, /not the address/);
  assert.match(parse("design/0").error, /“\/”/);
  assert.match(parse("design/x").error, /“\/”/);
  assert.match(parse("two words").error, /no spaces/);
  assert.match(parse("javascript:alert(1)").error, /“:”/);
});
