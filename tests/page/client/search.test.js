import assert from "node:assert/strict";
import test from "node:test";
import { createSearch } from "../../../static/client/search.js";

const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Returns a server that answers each question when the test says so. */
function createServer() {
  const questions = [];
  return {
    questions,
    request: (event, data) => new Promise((resolve, reject) => questions.push({ event, data, resolve, reject })),
    async answer(ids, cursor = null, question = questions.at(-1)) {
      const messages = ids.map((id) => ({ id }));
      question.resolve({ messages, cursor, searched: 100, reached: cursor && "2026-01-01T00:00:00.000Z" });
      await tick();
    },
    async refuse(refusal, question = questions.at(-1)) {
      question.reject(refusal);
      await tick();
    },
  };
}

function startSearch() {
  const server = createServer();
  const states = [];
  const search = createSearch({
    request: server.request,
    onChange: () => states.push(search.state().status),
    delay: 0,
  });
  return { server, search, states, ids: () => search.state().messages.map(({ id }) => id) };
}

test("what is typed quickly is searched once", async () => {
  const { server, search } = startSearch();

  for (const text of ["t", "te", "tea"]) search.search({ text });
  await tick();

  assert.deepEqual(
    server.questions.map(({ data }) => data.text),
    ["tea"],
  );
});

test("an answer to an earlier search is dropped", async () => {
  const { server, search, ids } = startSearch();
  search.search({ text: "tea" });
  await tick();
  search.search({ text: "coffee" });
  await tick();
  const [tea, coffee] = server.questions;

  await server.answer(["m2"], null, coffee);
  await server.answer(["m1"], null, tea);

  assert.deepEqual(ids(), ["m2"]);
  assert.equal(search.state().status, "done");
});

test("steps without a full page are followed by more until there is one or it is the end", async () => {
  const { server, search, ids } = startSearch();
  search.search({ text: "tea", room: null });
  await tick();
  await server.answer([], "c1");
  assert.deepEqual([search.state().status, search.state().reached], ["searching", "2026-01-01T00:00:00.000Z"]);
  await server.answer(["m2"], "c2");
  await server.answer(["m1"]);

  assert.deepEqual(
    server.questions.map(({ data }) => data.cursor),
    [undefined, "c1", "c2"],
  );
  assert.deepEqual(ids(), ["m2", "m1"]);
  assert.deepEqual(search.state(), { ...search.state(), status: "done", hasMore: false, searched: 300 });
});

test("a long search stops after some steps and goes on when it is wanted", async () => {
  const { server, search } = startSearch();
  search.search({ text: "tea" });
  await tick();
  while (search.state().status === "searching") await server.answer([], "c");
  const asked = server.questions.length;
  assert.ok(search.state().hasMore);
  assert.ok(asked > 1);

  search.more();
  search.more();
  await tick();

  assert.equal(server.questions.length, asked + 1);
});

test("a failure is told and can be tried again from where it was", async () => {
  const { server, search, ids } = startSearch();
  search.search({ text: "tea" });
  await tick();
  await server.answer(["m3"], "c1");
  await server.refuse({ code: "storage_unavailable" });
  assert.deepEqual([search.state().status, search.state().refusal.code], ["failed", "storage_unavailable"]);

  search.more();
  await server.answer(["m2"]);

  assert.deepEqual(ids(), ["m3", "m2"]);
  assert.equal(search.state().status, "done");
});

test("who is told to wait asks again after that time", async () => {
  const { server, search, ids } = startSearch();
  search.search({ text: "tea" });
  await tick();
  await server.refuse({ code: "rate_limited", retryAfter: 0 });
  await tick();

  await server.answer(["m1"]);

  assert.deepEqual(ids(), ["m1"]);
});

test("without anything to search for nothing is asked", async () => {
  const { server, search } = startSearch();
  search.search({ text: "tea" });
  search.search({ text: "", room: "lobby" });
  await tick();

  assert.equal(server.questions.length, 0);
  assert.equal(search.state().status, "idle");
});
