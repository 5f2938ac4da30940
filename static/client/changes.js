// What the user has changed and the server has not confirmed, shown at the messages.
/** @import { DatedEntry, Entry, ShownEntry, UnsentChange } from "./types.js" */

/**
 * Returns the entries as they will be after the changes; one that failed changes nothing and is named at its message.
 * @param {DatedEntry[]} entries
 * @param {UnsentChange[]} changes in the order in which they were made
 * @param {string} me
 * @returns {ShownEntry[]}
 */
export function withChanges(entries, changes, me) {
  if (!changes.length) return entries;
  return entries.map((entry) => {
    return changes.filter(({ target }) => target === entry.id).reduce((shown, one) => apply(shown, one, me), entry);
  });
}

/**
 * Returns how many people reacted with each emoji.
 * @param {Entry} entry
 * @returns {Record<string, number>}
 */
export function countReactions({ reactions = {}, reactionCounts = {} }) {
  const listed = Object.entries(reactions).map(([emoji, users]) => [emoji, users.length]);
  return { ...Object.fromEntries(listed), ...reactionCounts };
}

/**
 * Returns whether the user has reacted with the emoji. The list has only the first users.
 * @param {Entry} entry
 * @param {string} emoji
 * @param {string} me
 */
export function hasReacted(entry, emoji, me) {
  const users = entry.reactions?.[emoji] ?? [];
  if (users.includes(me)) return true;
  return users.length < (countReactions(entry)[emoji] ?? 0) && Boolean(entry.ownReactions?.[emoji]);
}

/**
 * @param {ShownEntry} entry
 * @param {UnsentChange} change
 * @param {string} me
 * @returns {ShownEntry}
 */
function apply(entry, change, me) {
  if (change.state === "failed") return { ...entry, failedChange: change };
  if (change.kind === "edit") return { ...entry, message: change.message, pendingChange: "edit" };
  if (change.kind === "delete") return { ...entry, pendingChange: "delete" };
  const { emoji = "", on } = change;
  const counts = countReactions(entry);
  const step = Number(on) - Number(hasReacted(entry, emoji, me));
  const others = (entry.reactions?.[emoji] ?? []).filter((user) => user !== me);
  return {
    ...entry,
    reactions: { ...entry.reactions, [emoji]: on ? [...others, me] : others },
    ownReactions: { ...entry.ownReactions, [emoji]: Boolean(on) },
    reactionCounts: { ...counts, [emoji]: Math.max(0, (counts[emoji] ?? 0) + step) },
    pendingEmojis: [...(entry.pendingEmojis ?? []), emoji],
  };
}
