// How the page reaches the server: HTTP, and Web PubSub's reliable JSON subprotocol.
const PING_MS = 20_000, ANSWER_MS = 5_000, RECOVERY_MS = 30_000, CONFIRM_MS = 500;

// Milliseconds, jittered.
export const backoff = (attempt, random = Math.random()) => 1000 * Math.min(30, 2 ** attempt) * (0.5 + random / 2);

// The answer's content and status; {} without an answer.
export const ask = (path, options) => fetch(path, options)
	.then(async (answer) => ({ status: answer.status, ...(await answer.json().catch(() => {})) }))
	.catch(() => ({}));

export const negotiate = (id) => ask("negotiate", { method: "POST", body: JSON.stringify({ id }) });

// Live and `fresh`: a new logical connection; the old one is forgotten.
export function connect({ user, onState, onMessage }) {
	const waiting = new Map(); // ack id → request
	let socket, url, id, token, timer, confirming, lostAt, live;
	let attempt = 0, lastAck = 0, sequence = 0, heardAt = 0;

	const post = (frame) => socket.send(JSON.stringify(frame));
	const ping = () => post({ type: "ping" });

	async function open() {
		const answer = token ? { url } : await negotiate(user);
		if (socket) return; // asked twice
		url = answer.url;
		if (answer.status === 401) return onState({ name: "signed out" });
		if (!url) return again(answer.error?.message);
		const recovery = token ? `&awps_connection_id=${id}&awps_reconnection_token=${encodeURIComponent(token)}` : "";
		const mine = (socket = new WebSocket(url + recovery, "json.reliable.webpubsub.azure.v1"));
		timer = setTimeout(drop, 2 * ANSWER_MS);
		mine.onopen = () => token && ping();
		mine.onmessage = ({ data }) => mine === socket && receive(JSON.parse(data));
		mine.onclose = ({ code }) => mine === socket && lost(code);
	}

	function receive({ type, connectionId, reconnectionToken, ackId, success, error, sequenceId, data }) {
		heardAt = Date.now();
		const fresh = connectionId && connectionId !== id; // else recovered
		if (connectionId) [id, token] = [connectionId, reconnectionToken];
		if (fresh) sequence = 0;
		if (!live) {
			clearTimeout(timer);
			live = true;
			attempt = lostAt = 0;
			for (const { frame } of waiting.values()) post(frame);
			onState({ name: "live", fresh });
		}
		if (type === "ack") {
			waiting.get(ackId)?.resolve(success || error.name === "Duplicate" ? undefined : error);
			waiting.delete(ackId);
		}
		if (type !== "message" || sequenceId <= sequence) return; // or a replay
		sequence = sequenceId;
		confirming ||= setTimeout(confirm, CONFIRM_MS);
		onMessage(data);
	}

	function confirm() {
		confirming = 0;
		if (live) post({ type: "sequenceAck", sequenceId: sequence });
	}

	function lost(code) {
		socket = live = undefined;
		lostAt ||= Date.now();
		if (code === 1008 || code === 1000 || Date.now() - lostAt > RECOVERY_MS) {
			id = token = undefined;
			for (const { resolve } of waiting.values()) resolve({});
			waiting.clear();
		}
		again();
	}

	function again(refused) {
		const wait = token && !attempt ? 0 : backoff(attempt); // recover at once
		attempt += 1;
		onState({ name: "waiting", at: Date.now() + wait, refused });
		clearTimeout(timer);
		timer = setTimeout(open, wait);
	}

	function drop() {
		socket.close(4000);
		lost();
	}

	function probe() {
		if (!live) return socket || open();
		const mine = socket, asked = Date.now();
		ping();
		setTimeout(() => mine === socket && heardAt < asked && drop(), ANSWER_MS);
	}

	setInterval(() => live && probe(), PING_MS);
	ononline = onoffline = probe;
	onState({ name: "connecting" });
	open();

	return {
		probe,
		// Returns what went wrong: nothing, the server's error, or {} when disconnected.
		send: (event, data) => new Promise((resolve) => {
			if (!token) return resolve({});
			const frame = { type: "event", event, dataType: "json", data, ackId: ++lastAck };
			waiting.set(lastAck, { frame, resolve });
			if (live) post(frame);
		}),
		close: () => socket?.close(1000), // leaves at once
	};
}
