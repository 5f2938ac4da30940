// What the page shows, as the part of its address after `#`: a view, or an entry (`#entry=12`).

export const VIEWS = ["flow", "connections", "hubs", "faults", "usage"];

// Returns { view, entry }: the id of the entry whose details are shown, or null.
export function readAddress(hash) {
  const entry = /^#entry=([0-9]{1,15})$/.exec(hash);
  if (entry) {
    return { view: "flow", entry: Number(entry[1]) };
  }
  return { view: VIEWS.find((name) => hash === `#${name}`) ?? "flow", entry: null };
}

export function entryAddress(id) {
  return `#entry=${id}`;
}
