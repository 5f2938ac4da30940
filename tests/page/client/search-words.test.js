import assert from "node:assert/strict";
import test from "node:test";
import { excerptOf, findWords, parseWords } from "../../../static/client/search-words.js";

/** Returns the parts of the text that a search marks. */
const marked = (text, search) => findWords(text, parseWords(search)).map(({ start, end }) => text.slice(start, end));

test("words are marked without letter case and accents, from the beginning of a word", () => {
  assert.deepEqual(marked("The CAFÉ, a cafeteria and a decaf", "cafe"), ["CAFÉ", "cafe"]);
  assert.deepEqual(marked("cafe\u0301 noir", "café NOIR"), ["cafe", "noir"]);
  assert.deepEqual(marked("Straße", "strasse"), ["Straße"]);
  assert.deepEqual(marked("Привет всем", "привет"), ["Привет"]);
  assert.deepEqual(marked("hello", "world"), []);
});

test("scripts without spaces and emojis are marked inside of a text", () => {
  assert.deepEqual(marked("東京都に行く", "京都"), ["京都"]);
  assert.deepEqual(marked("done🎉yes", "🎉"), ["🎉"]);
  assert.deepEqual(marked("한국어", "한국"), ["한국"]);
});

test("marks that overlap are one", () => {
  assert.deepEqual(marked("teapot", "tea teapot"), ["teapot"]);
});

test("words are given once, and what is in no word is left out", () => {
  assert.deepEqual(parseWords(" Tea, TEA  téa? "), ["tea"]);
  assert.deepEqual(parseWords("!?"), []);
});

test("a short text is shown whole, as one line", () => {
  const pieces = excerptOf("green\n  tea  please", parseWords("tea"));

  assert.deepEqual(pieces, [
    { text: "green ", isFound: false },
    { text: "tea", isFound: true },
    { text: " please", isFound: false },
  ]);
});

test("of a long text the part around the first word is shown", () => {
  const text = `${"word ".repeat(100)}needle ${"word ".repeat(100)}`;

  const pieces = excerptOf(text, parseWords("needle"));

  assert.equal(pieces[0].text, "…");
  assert.equal(pieces.at(-1).text, "…");
  assert.deepEqual(
    pieces.filter(({ isFound }) => isFound).map((piece) => piece.text),
    ["needle"],
  );
  assert.ok(pieces.map((piece) => piece.text).join("").length <= 203);
});

test("a long text without spaces, or without a word to mark, is cut as well", () => {
  const withNeedle = excerptOf(`${"x".repeat(500)} needle`, parseWords("needle"));
  const without = excerptOf("y".repeat(500), []);

  assert.ok(withNeedle.some(({ text, isFound }) => isFound && text === "needle"));
  assert.equal(without.map(({ text }) => text).join(""), `${"y".repeat(200)}…`);
});

test("an excerpt of random text never loses or doubles a part", () => {
  const alphabet = ["tea", "é", "ß", "東", "🎉", " ", "\n", "x", "ﬁ", "\u0301", "İ"];
  for (let seed = 1; seed < 300; seed += 1) {
    const text = Array.from({ length: 30 }, (_, index) => alphabet[(seed * (index + 7) * 31) % alphabet.length]).join(
      "",
    );
    const line = text.replace(/\s+/g, " ").trim();

    const shown = excerptOf(text, parseWords("tea é 東 fi"));

    assert.equal(shown.map((piece) => piece.text).join(""), line);
  }
});
