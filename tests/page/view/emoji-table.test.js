import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import {
  addRecent,
  findEmoji,
  keepDrawn,
  moveInGrids,
  readTable,
  withTone,
} from "../../../static/panels/emoji-table.js";

const FOLDER = new URL("../../../static/panels/", import.meta.url);
const GROUPS = readTable(readFileSync(new URL("emoji.txt", FOLDER), "utf8"));
const ALL = GROUPS.flatMap(({ list }) => list);
const found = (query) => findEmoji(GROUPS, query).map(({ emoji }) => emoji);
const named = (name) => ALL.find((one) => one.name === name);

test("the table has every group and each emoji once, as Unicode writes it", () => {
  assert.equal(GROUPS.length, 9);
  assert.equal(new Set(ALL.map(({ emoji }) => emoji)).size, ALL.length);
  assert.ok(ALL.length > 1900);
  assert.ok(ALL.every(({ name, nameWords }) => name && nameWords.length));
  // Node may not know those of later versions.
  const known = ALL.filter(({ version }) => Number(version) < 15.1);
  assert.deepEqual(
    known.filter(({ emoji }) => !/^\p{RGI_Emoji}$/v.test(emoji)),
    [],
  );
  assert.ok(known.length > 1850);
});

test("the licences of Unicode and of the package lie beside the table", () => {
  const licences = readFileSync(new URL("emoji-license.txt", FOLDER), "utf8");

  assert.match(licences, /UNICODE LICENSE V3/);
  assert.match(licences, /MIT License/);
});

test("an emoji is found by its name, by the beginning of words and by keywords, the nearest first", () => {
  assert.equal(found("thumbs up")[0], "👍");
  assert.equal(found("red heart")[0], "❤️");
  assert.ok(found("joy").slice(0, 3).includes("😂"));
  assert.ok(found("party").slice(0, 5).includes("🎉"));
  assert.ok(found("cat fa").includes("🐱"));
  assert.equal(found("cote d'iv")[0], "🇨🇮");
  assert.deepEqual(found("🎉"), ["🎉"]);
  assert.deepEqual(found("zzzz"), []);
});

test("every skin tone follows from the light one", () => {
  const tones = (name) => [0, 1, 2, 3, 4, 5].map((tone) => withTone(named(name), tone));

  assert.deepEqual(tones("waving hand"), ["👋", "👋🏻", "👋🏼", "👋🏽", "👋🏾", "👋🏿"]);
  assert.equal(withTone(named("people holding hands"), 5), "🧑🏿‍🤝‍🧑🏿");
  assert.equal(withTone(named("party popper"), 5), "🎉");
});

test("emoji of a version that is not drawn are left out, and flags where they are letters", () => {
  const later = ALL.filter(({ version }) => Number(version) >= 16);
  const kept = keepDrawn(GROUPS, (emoji) => !later.some((one) => one.emoji === emoji)).flatMap(({ list }) => list);
  const withoutFlags = keepDrawn(GROUPS, (emoji) => !/\p{RI}/u.test(emoji)).flatMap(({ list }) => list);

  assert.equal(kept.length, ALL.length - later.length);
  assert.ok(later.length > 0);
  assert.ok(withoutFlags.some(({ emoji }) => emoji === "🏁"));
  assert.ok(!withoutFlags.some(({ emoji }) => emoji === "🇩🇪"));
  assert.ok(withoutFlags.length > 1600);
});

test("the emoji that was used last stands first, once", () => {
  assert.deepEqual(addRecent(["a", "b", "c"], "b"), ["b", "a", "c"]);
  assert.equal(
    addRecent(
      Array.from({ length: 24 }, (_, index) => `${index}`),
      "new",
    ).length,
    24,
  );
});

test("keys move through grids that follow each other", () => {
  // Grids of 5, 0 and 7 emoji in rows of three.
  const move = (grid, index, key) => {
    const place = moveInGrids([5, 0, 7], { grid, index }, key, 3);
    return place && [place.grid, place.index];
  };

  assert.deepEqual(move(0, 0, "ArrowRight"), [0, 1]);
  assert.deepEqual(move(0, 4, "ArrowRight"), [2, 0]);
  assert.deepEqual(move(2, 0, "ArrowLeft"), [0, 4]);
  assert.deepEqual(move(0, 1, "ArrowDown"), [0, 4]);
  assert.deepEqual(move(0, 2, "ArrowDown"), [0, 4]);
  assert.deepEqual(move(0, 4, "ArrowDown"), [2, 1]);
  assert.deepEqual(move(2, 2, "ArrowUp"), [0, 4]);
  assert.deepEqual(move(2, 4, "ArrowUp"), [2, 1]);
  assert.deepEqual(move(2, 3, "Home"), [0, 0]);
  assert.deepEqual(move(0, 0, "End"), [2, 6]);
  assert.deepEqual(move(0, 1, "ArrowUp"), undefined);
  assert.deepEqual(move(2, 6, "ArrowDown"), undefined);
  assert.deepEqual(move(2, 6, "ArrowRight"), undefined);
  assert.deepEqual(move(0, 0, "a"), undefined);
});
