// How the page reaches the server: by HTTP, and lastingly by Web PubSub's reliable JSON subprotocol.
const PING_MS = 20_000, ANSWER_MS = 5_000, RECOVERY_MS = 30_000, CONFIRM_MS = 500;

// Milliseconds, jittered.
export const backoff = (attempt, random = Math.random()) => 1000 * Math.min(30, 2 ** attempt) * (0.5 + random / 2);

// The answer's content and status; {} without an answer.
export const ask = (path, options) => fetch(path, options)
	.then(async (answer) => ({ status: answer.status, ...(await answer.json().catch(() => {})) }))
	.catch(() => ({}));

// The address to connect to. Rejects with a status and the server's message.
export async function negotiate(id) {
	const { url, status, error } = await ask("negotiate", { method: "POST", body: JSON.stringify({ id }) });
	if (url) return url;
	throw { status, ...error };
}

// Live and `fresh`: a new logical connection; the old one is forgotten.
export function connect({ user, onState, onMessage }) {
	const waiting = new Map(); // ack id → request
	let socket, url, id, token, timer, confirming, lostAt, live;
	let attempt = 0, lastAck = 0, sequence = 0, heardAt = 0;

	const post = (frame) => socket.send(JSON.stringify(frame));
	const ping = () => post({ type: "ping" });

	async function open() {
		try {
			if (!token) url = await negotiate(user);
			if (socket) return; // asked twice
		} catch ({ status, message }) {
			return status === 401 ? onState({ name: "signed out" }) : again(message);
		}
		const recovery = token ? `&awps_connection_id=${id}&awps_reconnection_token=${encodeURIComponent(token)}` : "";
		const mine = (socket = new WebSocket(url + recovery, "json.reliable.webpubsub.azure.v1"));
		timer = setTimeout(drop, 2 * ANSWER_MS);
		mine.onopen = () => token && ping();
		mine.onmessage = ({ data }) => mine === socket && receive(JSON.parse(data));
		mine.onclose = ({ code }) => mine === socket && lost(code);
	}

	function receive({ type, event, connectionId, reconnectionToken, ackId, success, error, sequenceId, data }) {
		heardAt = Date.now();
		const fresh = event === "connected" && connectionId !== id;
		if (event === "connected") [id, token] = [connectionId, reconnectionToken];
		if (fresh) sequence = 0;
		if (!live) {
			clearTimeout(timer);
			live = true;
			attempt = lostAt = 0;
			for (const { frame } of waiting.values()) post(frame);
			onState({ name: "live", fresh });
		}
		if (type === "ack") {
			const { resolve, reject } = waiting.get(ackId) ?? {};
			waiting.delete(ackId);
			if (success || error.name === "Duplicate") resolve?.();
			else reject?.(error);
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
			for (const { reject } of waiting.values()) reject();
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
		// Rejects with the refusal, or nothing when disconnected.
		send: (event, data) => new Promise((resolve, reject) => {
			if (!token) return reject();
			const frame = { type: "event", event, dataType: "json", data, ackId: ++lastAck };
			waiting.set(lastAck, { frame, resolve, reject });
			if (live) post(frame);
		}),
		close: () => socket?.close(1000), // leaves at once
	};
}
