import assert from "node:assert/strict";
import test from "node:test";
import { matchCommands } from "../../../static/view/composer.js";

test("the slash menu offers what the text may become, and goes with the first space", () => {
  assert.deepEqual(matchCommands("/re"), ["/remind 10m tea", "/reminders"]);
  assert.ok(matchCommands("/").length > 5);
  assert.deepEqual(
    [matchCommands("/remind "), matchCommands("hi /"), matchCommands("//"), matchCommands("")],
    [[], [], [], []],
  );
});
