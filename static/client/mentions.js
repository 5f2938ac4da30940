// Where a text mentions users.

/**
 * Returns where the text has an @ with one of the names, `{ start, end, user }` in order.
 * @param {string} text
 * @param {Map<string, string>} names by user
 * @returns {{ start: number, end: number, user: string }[]}
 */
export function findMentions(text, names) {
  const found = [];
  for (const { index } of text.matchAll(/(?<![\p{L}\p{N}])@/gu)) {
    const user = [...names.keys()].find((one) => text.startsWith(names.get(one) ?? one, index + 1));
    if (user) found.push({ start: index, end: index + 1 + (names.get(user) ?? user).length, user });
  }
  return found;
}
