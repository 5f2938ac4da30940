import assert from "node:assert/strict";
import test from "node:test";
import { isAtEnd, rowsToDraw, scrollToRow } from "../../../local_azure/webpubsub/inspector/page/row_window.js";

const view = (scrollTop, count = 5000) => ({ scrollTop, viewHeight: 600, rowHeight: 30, count });

test("of thousands of rows only those in view and a few around them are drawn", () => {
  assert.deepEqual(rowsToDraw(view(0)), { start: 0, end: 28 });
  assert.deepEqual(rowsToDraw(view(3000)), { start: 92, end: 128 });
  assert.deepEqual(rowsToDraw(view(149_400)), { start: 4972, end: 5000 });
  assert.deepEqual(rowsToDraw(view(0, 0)), { start: 0, end: 0 });
  assert.deepEqual(rowsToDraw(view(90_000, 10)), { start: 10, end: 10 });
});

test("a row that is in view already is not scrolled to, and another one as little as possible", () => {
  assert.equal(scrollToRow(110, view(3000)), 3000);
  assert.equal(scrollToRow(99, view(3000)), 2970);
  assert.equal(scrollToRow(120, view(3000)), 3030);
});

test("a list is at its end when its last row is in view, or when all rows are", () => {
  assert.equal(isAtEnd(view(149_400)), true);
  assert.equal(isAtEnd(view(149_360)), false);
  assert.equal(isAtEnd(view(0, 3)), true);
});
