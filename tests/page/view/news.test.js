import assert from "node:assert/strict";
import test from "node:test";
import { describeNews, findNews } from "../../../static/view/news.js";

const line = (seq, user = "bo", more = {}) => ({
  id: `m${seq}`,
  seq,
  from: user,
  user,
  message: `text ${seq}`,
  ...more,
});
const texts = (news) => news.map(({ message }) => message);

test("news are the messages of others after what was told, in their order", () => {
  const entries = [line(1), line(2, "ana"), line(3), { id: "j", user: "cy", event: "joined" }, line(4)];

  assert.deepEqual(texts(findNews(entries, "ana", 1).news), ["text 3", "text 4"]);
  assert.equal(findNews(entries, "ana", 1).last, 4);
});

test("what was told is not told again: not when it is edited, and not when older messages are loaded", () => {
  const told = findNews([line(5), line(6)], "ana", 4).last;

  const { news, last } = findNews([line(1), line(2), line(5, "bo", { message: "edited" }), line(6)], "ana", told);

  assert.deepEqual([news, last], [[], 6]);
});

test("one's own message is no news, neither on its way nor when it has its number", () => {
  const pending = { ...line(0, "ana"), seq: undefined, state: "pending" };
  const failed = { ...line(0, "ana"), seq: undefined, state: "failed" };

  assert.deepEqual(findNews([line(1), failed, pending], "ana", 1), { news: [], last: 1 });
  assert.deepEqual(findNews([line(1), line(2, "ana")], "ana", 1), { news: [], last: 2 });
});

test("a message says who wrote it, a long one only its beginning, and many only how many they are", () => {
  assert.deepEqual(describeNews([line(1), line(2, "cy", { kind: "action", message: "waves" })]), [
    "\u2068bo\u2069: text 1",
    "\u2068cy\u2069 waves",
  ]);
  assert.ok(describeNews([line(1, "bo", { message: "x".repeat(4000) })])[0].length < 320);
  assert.deepEqual(describeNews([1, 2, 3, 4].map((seq) => line(seq))), ["4 new messages"]);
});
