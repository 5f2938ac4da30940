import assert from "node:assert/strict";
import test from "node:test";
import { backoffDelay } from "../../../static/client/index.js";

test("waiting doubles from a second to half a minute, and the jitter only shortens it", () => {
  assert.deepEqual(
    [0, 1, 2, 10].map((attempt) => backoffDelay(attempt, 1)),
    [1000, 2000, 4000, 30_000],
  );
  assert.equal(backoffDelay(3, 0), 4000);
});
