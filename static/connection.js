// A lasting connection over Web PubSub's reliable JSON subprotocol: acks, sequence numbers, recovery and, when that is
// refused or too late, a new negotiation.
import { backoff } from "./backoff.js";

const OPEN_MS = 10_000, PING_MS = 20_000, PROBE_MS = 5_000, RECOVERY_MS = 30_000;

// `onFresh`: a new logical connection; the service remembers nothing of the old one.
export function connect({ negotiate, onState, onFresh, onMessage }) {
	const waiting = new Map(); // ackId → request
	let socket, url, id, token, timer, confirming, lostAt, live, closed;
	let attempt = 0, ackId = 0, sequence = 0, heardAt = 0;

	const post = (frame) => socket.send(JSON.stringify(frame));

	async function open() {
		clearTimeout(timer);
		try {
			if (!token) url = new URL(await negotiate());
		} catch ({ status, message }) {
			return status === 401 ? onState({ name: "signed out" }) : again(status && message);
		}
		if (closed) return;
		if (token) url.searchParams.set("awps_connection_id", id);
		if (token) url.searchParams.set("awps_reconnection_token", token);
		const mine = (socket = new WebSocket(url, "json.reliable.webpubsub.azure.v1"));
		timer = setTimeout(drop, OPEN_MS);
		mine.onopen = () => token && post({ type: "ping" }); // any answer proves the recovery
		mine.onmessage = ({ data }) => mine === socket && receive(JSON.parse(data));
		mine.onclose = ({ code }) => mine === socket && lost(code);
	}

	function receive({ type, event, connectionId, reconnectionToken, ackId, success, error, sequenceId, data }) {
		heardAt = Date.now();
		if (event === "connected") {
			const fresh = connectionId !== id;
			id = connectionId;
			token = reconnectionToken;
			if (fresh) sequence = 0;
			goLive(fresh);
		} else if (!live && token) goLive();
		if (type === "ack") {
			const request = waiting.get(ackId);
			waiting.delete(ackId);
			if (success || error.name === "Duplicate") request?.resolve();
			else request?.reject(new Error(error.message));
		}
		if (type !== "message" || sequenceId <= sequence) return; // no data, or a replay
		sequence = sequenceId;
		confirming ??= setTimeout(confirm, 1000);
		if (sequence % 300 === 0) confirm(); // well before the 1,000 that the service keeps
		onMessage(data);
	}

	function goLive(fresh) {
		clearTimeout(timer);
		live = true;
		attempt = lostAt = 0;
		onState({ name: "live" });
		if (fresh) onFresh();
		else for (const { frame } of waiting.values()) post(frame);
	}

	function confirm() {
		confirming = clearTimeout(confirming);
		if (live) post({ type: "sequenceAck", sequenceId: sequence });
	}

	function lost(code) {
		socket = live = undefined;
		lostAt ||= Date.now();
		if (code === 1008 || code === 1000 || Date.now() - lostAt > RECOVERY_MS) {
			id = token = undefined;
			for (const { reject } of waiting.values()) reject(new Error("lost"));
			waiting.clear();
		}
		again();
	}

	function again(refused) {
		clearTimeout(timer);
		if (closed) return;
		const wait = token && !attempt ? 0 : backoff(attempt); // recovery starts at once, a crowd's return does not
		attempt += 1;
		onState({ name: "waiting", at: Date.now() + wait, refused });
		timer = setTimeout(open, wait);
	}

	// Leaves behind a socket that died silently.
	function drop() {
		socket.close(4000);
		lost(4000);
	}

	function probe() {
		if (!live) return socket || closed || open();
		const mine = socket, asked = Date.now();
		post({ type: "ping" });
		setTimeout(() => mine === socket && heardAt < asked && drop(), PROBE_MS);
	}

	setInterval(() => live && probe(), PING_MS);
	ononline = onoffline = probe;
	document.addEventListener("visibilitychange", () => document.hidden || probe());
	onState({ name: "connecting" });
	open();

	return {
		// Resolves when the server has handled the event; rejects with its refusal, or "lost" with the connection.
		send: (event, data) => new Promise((resolve, reject) => {
			if (!token) return reject(new Error("lost"));
			const frame = { type: "event", event, dataType: "json", data, ackId: ++ackId };
			waiting.set(ackId, { frame, resolve, reject });
			if (live) post(frame);
		}),
		retry: probe,
		close() {
			closed = true;
			socket?.close(1000); // any other code would keep us in the room for a while
		},
	};
}
