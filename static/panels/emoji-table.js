// The table of emoji (emoji.txt): its groups, skin tones, search, recent ones, and the way of the keys through a grid.

const FIRST_SKIN_TONE = 0x1f3fb;
const LIGHT = String.fromCodePoint(FIRST_SKIN_TONE);
const MAX_RECENT = 24;
const SAMPLE_FLAG = "🇫🇷";

/**
 * @typedef {object} Emoji
 * @property {string} emoji
 * @property {string} light the emoji with the light skin tone; empty: it has no skin tones
 * @property {string} version of Emoji; empty: before 12
 * @property {string} name
 * @property {string[]} nameWords of its name, in small letters without accents
 * @property {string[]} keywords by which it is found beside these
 */

/** @typedef {{ name: string, list: Emoji[] }} Group */

/**
 * Returns the groups of a table.
 * @param {string} text
 */
export function readTable(text) {
  /** @type {Group[]} */
  const groups = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("@ ")) groups.push({ name: line.slice(2), list: [] });
    else if (line && !line.startsWith("# ")) groups.at(-1)?.list.push(readLine(line));
  }
  return groups;
}

/** @param {string} line */
function readLine(line) {
  const [emoji, light, version, name, keywords] = line.split("\t");
  return { emoji, light, version, name, nameWords: wordsOf(name), keywords: wordsOf(keywords) };
}

/** @param {string} text */
function wordsOf(text) {
  const plain = text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  return plain.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/**
 * Returns the groups without the emoji that are not drawn: `isDrawn` tells it of an emoji. One of each version stands for all.
 * @param {Group[]} groups
 * @param {(emoji: string) => boolean} isDrawn
 */
export function keepDrawn(groups, isDrawn) {
  const samples = new Map();
  for (const { emoji, version } of groups.flatMap(({ list }) => list)) {
    if (!samples.has(version)) samples.set(version, emoji);
  }
  const versions = [...samples.keys()].filter((version) => !version || isDrawn(samples.get(version)));
  const hasFlags = isDrawn(SAMPLE_FLAG);
  return groups.map(({ name, list }) => {
    const kept = list.filter(
      ({ emoji, version }) => versions.includes(version) && (hasFlags || !/\p{RI}/u.test(emoji)),
    );
    return { name, list: kept };
  });
}

/**
 * Returns the emoji that have every word of the query, or the beginning of it: first the one that is called so, then those with
 * whole words, and of these those with words of the name. An emoji finds itself.
 * @param {Group[]} groups
 * @param {string} query
 */
export function findEmoji(groups, query) {
  const wanted = wordsOf(query);
  const all = groups.flatMap(({ list }) => list);
  if (!wanted.length) return all.filter(({ emoji, light }) => [emoji, light].includes(query.trim()));
  return all
    .map((one) => ({ one, rank: rankOf(one, wanted) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/**
 * @param {Emoji} one
 * @param {string[]} wanted
 */
function rankOf({ nameWords, keywords }, wanted) {
  if (nameWords.join(" ") === wanted.join(" ")) return -1;
  const ranks = wanted.map((word) => {
    if (nameWords.includes(word)) return 0;
    if (keywords.includes(word)) return 1;
    return [...nameWords, ...keywords].some((known) => known.startsWith(word)) ? 2 : Infinity;
  });
  return ranks.reduce((sum, rank) => sum + rank, 0);
}

/**
 * Returns the emoji in a skin tone: 0 for none, 1 (light) to 5 (dark).
 * @param {Pick<Emoji, "emoji" | "light">} one
 * @param {number} tone
 */
export function withTone({ emoji, light }, tone) {
  if (!tone || !light) return emoji;
  return light.replaceAll(LIGHT, String.fromCodePoint(FIRST_SKIN_TONE + tone - 1));
}

/**
 * Returns the recent emoji after one was used, the newest first.
 * @param {string[]} recent
 * @param {string} emoji
 */
export function addRecent(recent, emoji) {
  return [emoji, ...recent.filter((one) => one !== emoji)].slice(0, MAX_RECENT);
}

/**
 * Returns the place that a key leads to in grids that follow each other; undefined: none, or out of the first row.
 * @param {number[]} lengths how many items each grid has
 * @param {{ grid: number, index: number }} place
 * @param {string} key
 * @param {number} columns
 */
export function moveInGrids(lengths, { grid, index }, key, columns) {
  const filled = lengths.map((_, number) => number).filter((number) => lengths[number]);
  const before = filled.findLast((number) => number < grid);
  const after = filled.find((number) => number > grid);
  const column = index % columns;
  const last = lengths[grid] - 1;
  const isLastRow = Math.floor(index / columns) === Math.floor(last / columns);
  const endOf = (/** @type {number} */ number) => lengths[number] - 1;
  if (key === "Home") return { grid: filled[0], index: 0 };
  if (key === "End") return { grid: filled[filled.length - 1], index: endOf(filled[filled.length - 1]) };
  if (key === "ArrowRight" && index < last) return { grid, index: index + 1 };
  if (key === "ArrowRight" && after !== undefined) return { grid: after, index: 0 };
  if (key === "ArrowLeft" && index > 0) return { grid, index: index - 1 };
  if (key === "ArrowLeft" && before !== undefined) return { grid: before, index: endOf(before) };
  if (key === "ArrowDown" && !isLastRow) return { grid, index: Math.min(index + columns, last) };
  if (key === "ArrowDown" && after !== undefined) return { grid: after, index: Math.min(column, endOf(after)) };
  if (key === "ArrowUp" && index >= columns) return { grid, index: index - columns };
  if (key !== "ArrowUp" || before === undefined) return undefined;
  const row = Math.floor(endOf(before) / columns) * columns;
  return { grid: before, index: Math.min(row + column, endOf(before)) };
}
