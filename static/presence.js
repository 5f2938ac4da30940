// Comings and goings in one sentence: each person once, with where they ended up.
import { names } from "./names.js";

export function presence(events) {
  const first = new Map(), last = new Map();
  for (const { user, event } of events) {
    if (!first.has(user)) first.set(user, event);
    last.set(user, event);
  }
  const who = (from, to) => [...last.keys()].filter((user) => first.get(user) === from && last.get(user) === to);
  const parts = [
    [who("joined", "joined"), "joined"], [who("left", "left"), "left"],
    [who("joined", "left"), "came and went"], [who("left", "joined"), "reconnected"],
  ];
  return parts.filter(([users]) => users.length).map(([users, did]) => `${names(users)} ${did}`).join(" · ");
}
