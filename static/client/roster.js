// Who is in a room: what the server said last, changed by the news that are later than it.
/** @import { Roster, SystemFrame } from "./types.js" */

/** @returns {Roster} */
export function createRoster() {
  return { users: new Set(), away: new Set(), count: 0, atLeast: false, at: "", news: new Map() };
}

/**
 * Takes over what the server says; an answer that is older than what is known is ignored.
 * @param {Roster} roster
 * @param {{ users: string[], away?: string[], count: number, atLeast?: boolean, at?: string }} answer `at` is when it was read: now, if it is left out
 */
export function replaceRoster(roster, { users, away = [], count, atLeast = false, at = latestNews(roster) }) {
  if (at < roster.at) return;
  const later = [...roster.news].filter(([, news]) => news.at > at);
  Object.assign(roster, { users: new Set(users), away: new Set(away), count, atLeast, at, news: new Map() });
  for (const [user, news] of later) applyNews(roster, user, news.event, news.at);
}

/**
 * Notes that somebody joined or left.
 * @param {Roster} roster
 * @param {string} user
 * @param {SystemFrame["event"]} event
 * @param {string} at
 */
export function applyNews(roster, user, event, at) {
  const { users, news } = roster;
  if (at <= roster.at || at <= (news.get(user)?.at ?? "")) return;
  news.set(user, { event, at });
  roster.away.delete(user);
  if (event === "joined" && !users.has(user)) {
    users.add(user);
    roster.count += 1;
  }
  const isUnlisted = !users.has(user) && roster.count > users.size; // the server lists only the first users
  if (event === "left" && (users.delete(user) || isUnlisted)) roster.count -= 1;
}

/**
 * Notes that somebody is away, or back.
 * @param {Roster} roster
 * @param {string} user
 * @param {boolean} isAway
 */
export function noteAway({ away }, user, isAway) {
  if (isAway) away.add(user);
  else away.delete(user);
}

/** @param {Roster} roster */
function latestNews({ at, news }) {
  return [...news.values()].reduce((latest, one) => (one.at > latest ? one.at : latest), at);
}
