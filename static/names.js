// Up to three names, or two and how many more; each in its own direction.
export function names(users) {
	const shown = users.slice(0, users.length > 3 ? 2 : 3).map((name) => `\u2068${name}\u2069`);
	if (users.length > 3) shown.push(`${users.length - 2} others`);
	return shown.join(", ").replace(/, (?=[^,]*$)/, " and ");
}

// Each person once, where they ended up.
export function comings(events) {
	const last = new Map(events.map(({ user, event }) => [user, event]));
	const said = (what) => names([...last.keys()].filter((user) => last.get(user) === what)).replace(/$/, ` ${what}`);
	return ["joined", "left"].filter((event) => [...last.values()].includes(event)).map(said).join(" · ");
}
