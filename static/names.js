// Up to three names, or two and how many more; isolated, because each may have its own direction.
export function names(users) {
	const shown = users.slice(0, users.length > 3 ? 2 : 3).map((name) => `\u2068${name}\u2069`);
	if (users.length > 3) shown.push(`${users.length - 2} others`);
	return shown.join(", ").replace(/, (?=[^,]*$)/, " and ");
}

const SAID = { "joined,joined": "joined", "left,left": "left", "joined,left": "came and went", "left,joined": "came back" };

// Comings and goings in one sentence, each person once.
export function comings(events) {
	const seen = new Map(), said = {};
	for (const { user, event } of events) seen.set(user, [seen.get(user)?.[0] ?? event, event]);
	for (const [user, pair] of seen) (said[SAID[pair]] ??= []).push(user);
	return Object.entries(said).map(([did, users]) => `${names(users)} ${did}`).join(" · ");
}
