// Up to three names, or two and how many more; isolated, because each may have its own direction.
export function names(users) {
	const shown = users.slice(0, users.length > 3 ? 2 : 3).map((name) => `\u2068${name}\u2069`);
	if (users.length > 3) shown.push(`${users.length - 2} others`);
	return shown.join(", ").replace(/, (?=[^,]*$)/, " and ");
}

// Comings and goings in one sentence: each person once, where they ended up.
export function comings(events) {
	const last = new Map(events.map(({ user, event }) => [user, event]));
	const said = ["joined", "left"].map((event) => [[...last.keys()].filter((user) => last.get(user) === event), event]);
	return said.filter(([users]) => users.length).map(([users, event]) => `${names(users)} ${event}`).join(" · ");
}
