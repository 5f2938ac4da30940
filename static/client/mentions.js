// Who is mentioned in a text: `@` and a user's name. Pure functions; the server decides whom a message has reached.
/** @import { Mention } from "./types.js" */

const NAME_LENGTH = 64;
const WORD = /[\p{L}\p{N}\p{M}]/u;
const LONGER_NAME = /^[-_]*[\p{L}\p{N}\p{M}]/u;
const FOLDED_MARKS = /\p{M}/gu;
const MAX_MENTIONS = 10; // of one message, as the server has it

/**
 * Returns where a text has `@` and the name of one of the users, in order; of two names the longer one counts.
 * @param {string} text
 * @param {Map<string, string>} names of users by id; of two users with one name the first one counts
 * @returns {Mention[]}
 */
export function findMentions(text, names) {
  if (!text.includes("@")) return [];
  const byLength = [...names].filter(([, name]) => name).sort((a, b) => b[1].length - a[1].length);
  /** @type {Mention[]} */
  const found = [];
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at < (found.at(-1)?.end ?? 0) || isInWord(text, at)) continue;
    const match = byLength.find(([, name]) => text.startsWith(name, at + 1) && isNameEnd(text, at + 1 + name.length));
    if (match) found.push({ start: at, end: at + 1 + match[1].length, user: match[0] });
  }
  return found;
}

/**
 * Returns the ids of the users whom a text mentions, each once, as many as a message may have.
 * @param {string} text
 * @param {Map<string, string>} names
 */
export function mentionedUsers(text, names) {
  return [...new Set(findMentions(text, names).map(({ user }) => user))].slice(0, MAX_MENTIONS);
}

/**
 * Returns the name that is being typed at the caret after an `@`, and where its `@` is; undefined where there is none.
 * @param {string} text
 * @param {number} caret
 * @returns {{ start: number, query: string } | undefined}
 */
export function nameBeingTyped(text, caret) {
  const start = text.slice(0, caret).lastIndexOf("@");
  if (start < 0 || caret - start > NAME_LENGTH || isInWord(text, start)) return undefined;
  const query = text.slice(start + 1, caret);
  return query.includes("\n") || query.startsWith(" ") ? undefined : { start, query };
}

/**
 * Returns those of the people whose name has a word that begins with the query, in their order: first those whose name
 * begins with it. Letter case and accents make no difference.
 * @template {{ name: string }} Person
 * @param {string} query
 * @param {Person[]} people
 */
export function matchPeople(query, people) {
  const wanted = fold(query);
  const places = people.map((person) => ({ person, place: placeOf(wanted, fold(person.name)) }));
  const byPlace = (/** @type {(place: number) => boolean} */ isWanted) =>
    places.filter(({ place }) => isWanted(place)).map(({ person }) => person);
  return [...byPlace((place) => place === 0), ...byPlace((place) => place > 0)];
}

/**
 * @param {string} wanted
 * @param {string} name
 */
function placeOf(wanted, name) {
  let place = name.indexOf(wanted);
  while (place > 0 && WORD.test(name[place - 1])) place = name.indexOf(wanted, place + 1);
  return place;
}

/** @param {string} text */
function fold(text) {
  return text.normalize("NFKD").replace(FOLDED_MARKS, "").toLowerCase();
}

/**
 * @param {string} text
 * @param {number} at of the `@`
 */
function isInWord(text, at) {
  return at > 0 && (text[at - 1] === "@" || WORD.test(text[at - 1]));
}

/**
 * @param {string} text
 * @param {number} end
 */
function isNameEnd(text, end) {
  return !LONGER_NAME.test(text.slice(end, end + NAME_LENGTH));
}
