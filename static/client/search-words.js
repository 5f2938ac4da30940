// Where the words of a search stand in a text. Words are compared as the server compares them: without letter case and
// accents, each from the beginning of a word.

// Written without spaces between words: Thai, Lao, Myanmar, Khmer; kana; Chinese characters.
const WITHOUT_SPACES =
  /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const EXCERPT_LENGTH = 200;
const BEFORE_WORD_LENGTH = 60;

/** @typedef {{ start: number, end: number }} Range a part of a text, in UTF-16 code units */

// Accents, and what is not seen. Vowel signs are compared by the server, and marked without a difference here.
const MARKS = /[\p{M}\p{Cf}]/gu;
const SYMBOLS = /[\p{So}\p{Sc}\p{Sk}]/gu; // each is a word
const BETWEEN_WORDS = /[^\p{L}\p{N}\p{So}\p{Sc}\p{Sk}]/gu;
const MAX_KEPT = 5000;

/** @type {Map<string, string>} */
const folded = new Map();

/**
 * Returns a character as it is compared; a space for what is in no word.
 * @param {string} character
 */
function fold(character) {
  const known = folded.get(character);
  if (known !== undefined) return known;
  const letters = character.toLowerCase().replace("ß", "ss").normalize("NFKD");
  const result = letters.replace(MARKS, "").replace(SYMBOLS, " $& ").replace(BETWEEN_WORDS, " ");
  if (folded.size < MAX_KEPT) folded.set(character, result);
  return result;
}

/**
 * Returns the words of a search as they are compared.
 * @param {string} text
 */
export function parseWords(text) {
  return [...new Set([...text].map(fold).join("").split(" ").filter(Boolean))];
}

/**
 * Returns where the words of a search stand in a text, in order and without overlaps.
 * @param {string} text
 * @param {string[]} words as `parseWords` returns them
 * @returns {Range[]}
 */
export function findWords(text, words) {
  let compared = " ";
  /** @type {Range[]} for each code unit of `compared` where it comes from */
  const origins = [{ start: 0, end: 0 }];
  let start = 0;
  for (const character of text) {
    const origin = { start, end: start + character.length };
    start = origin.end;
    for (const unit of fold(character).split("")) {
      compared += unit;
      origins.push(origin);
    }
  }
  const ranges = words.flatMap((word) => {
    const pattern = WITHOUT_SPACES.test(word) ? word : ` ${word}`;
    return placesOf(compared, pattern).map((place) => {
      const last = place + pattern.length - 1;
      return { start: origins[last - word.length + 1].start, end: origins[last].end };
    });
  });
  return mergeRanges(ranges);
}

/**
 * @param {string} text
 * @param {string} pattern
 */
function placesOf(text, pattern) {
  const places = [];
  for (let place = text.indexOf(pattern); place >= 0; place = text.indexOf(pattern, place + 1)) places.push(place);
  return places;
}

/** @param {Range[]} ranges */
function mergeRanges(ranges) {
  /** @type {Range[]} */
  const merged = [];
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && range.start < last.end) last.end = Math.max(last.end, range.end);
    else merged.push({ ...range });
  }
  return merged;
}

/**
 * Returns the part of a text around its first word that was searched for, as one line, in pieces: `isFound` ones are such
 * words.
 * @param {string} text
 * @param {string[]} words as `parseWords` returns them
 * @returns {{ text: string, isFound: boolean }[]}
 */
export function excerptOf(text, words) {
  const line = text.replace(/\s+/g, " ").trim();
  const ranges = findWords(line, words);
  const first = line.length > EXCERPT_LENGTH ? Math.max(0, (ranges[0]?.start ?? 0) - BEFORE_WORD_LENGTH) : 0;
  const begin = first && line.indexOf(" ", first) + 1 <= (ranges[0]?.start ?? 0) ? line.indexOf(" ", first) + 1 : first;
  const end = begin + EXCERPT_LENGTH;
  const pieces = [];
  let place = begin;
  for (const range of ranges.filter(({ start }) => start >= begin && start < end)) {
    pieces.push({ text: line.slice(place, range.start), isFound: false });
    pieces.push({ text: line.slice(range.start, range.end), isFound: true });
    place = range.end;
  }
  pieces.push({ text: line.slice(place, Math.max(place, end)), isFound: false });
  if (begin) pieces.unshift({ text: "…", isFound: false });
  if (Math.max(place, end) < line.length) pieces.push({ text: "…", isFound: false });
  return pieces.filter((piece) => piece.text);
}
