// How the page puts it: names, comings and goings, the state of the connection.
const list = new Intl.ListFormat("en-GB");

// Up to three names, or two and how many more; each in its own direction.
export function names(users) {
	const shown = users.slice(0, users.length > 3 ? 2 : 3).map((name) => `\u2068${name}\u2069`);
	return list.format(users.length > 3 ? [...shown, `${users.length - 2} others`] : shown);
}

// Each person once, where they ended up.
export function comings(events) {
	const last = new Map(events.map(({ user, event }) => [user, event]));
	const who = (event) => [...last.keys()].filter((user) => last.get(user) === event);
	return ["joined", "left"].filter((event) => who(event).length).map((event) => `${names(who(event))} ${event}`).join(" · ");
}

// { tone, text, wait? (seconds), action? }
export function status({ name, at, refused }, auth, now, online) {
	const kept = "What you send is kept.";
	if (name === "connecting") return { tone: "warn", text: "Connecting…" };
	if (name === "signed out") return { tone: "bad", text: `You are signed out. ${kept}`, action: "Sign in" };
	if (name === "live") return { tone: "live", text: auth === "open" ? "Live · local demo: anyone can use any name" : "Live" };
	const text = refused || `${online ? "Reconnecting" : "You are offline"}. ${kept}`;
	return { tone: refused ? "bad" : "warn", text, wait: Math.ceil((at - now) / 1000), action: "Try now" };
}
