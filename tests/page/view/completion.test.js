import assert from "node:assert/strict";
import test from "node:test";
import { matchCommands } from "../../../static/view/completion.js";

test("the slash menu lists the commands that begin with the text, and closes at the first space", () => {
  assert.deepEqual(matchCommands("/re"), ["/remind 10m tea", "/reminders", "/rename Team plans", "/remove bo"]);
  assert.ok(matchCommands("/").length > 5);
  assert.deepEqual(
    [matchCommands("/remind "), matchCommands("hi /"), matchCommands("//"), matchCommands("")],
    [[], [], [], []],
  );
});
