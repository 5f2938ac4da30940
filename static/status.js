// What to say about the connection: { tone, text, wait? (seconds) }.
export function status({ name, at, refused }, auth, now, online) {
	const kept = "What you send is kept.";
	if (name === "connecting") return { tone: "warn", text: "Connecting…" };
	if (name === "signed out") return { tone: "bad", text: `You are signed out. ${kept}` };
	if (name === "live") return { tone: "live", text: auth === "open" ? "Live · local demo: anyone can use any name" : "Live" };
	const text = refused || `${online ? "Reconnecting" : "You are offline"}. ${kept}`;
	return { tone: refused ? "bad" : "warn", text, wait: Math.max(0, Math.ceil((at - now) / 1000)) };
}
