// Up to two names and how many more. Each is isolated, so a name's own text direction stays inside it.
export function names(users) {
  const shown = users.slice(0, users.length > 3 ? 2 : 3).map((name) => `\u2068${name}\u2069`);
  const more = users.length - shown.length;
  if (more) shown.push(`${more} others`);
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown.join("");
}
