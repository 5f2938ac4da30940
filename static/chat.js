// The chat of one person: what becomes of each frame, key and click. State here, drawing from it.
import { composer } from "./composer.js";
import { connect } from "./connection.js";
import { byId, fill } from "./el.js";
import { paint } from "./line.js";
import { ordered, position } from "./lines.js";
import { log } from "./log.js";
import { names } from "./names.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, receive } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { status } from "./status.js";

const WINDOW = 120; // lines drawn at first; more as one scrolls up

export function chat({ auth, lobby, limits, signIn, signOut }, me, negotiate) {
	const rooms = new Map(), unsent = outbox(localStorage, me);
	let room, link, others = [], drawing, quiet, settling;

	// --- rooms

	const go = (name) => (location.hash = name.trim().replace(/^#/, "").toLowerCase().replace(/\s+/g, "-"));
	const remember = () => (localStorage["chat.rooms"] = [...rooms.keys()]);

	function forget({ name }) {
		rooms.delete(name);
		remember();
		if (room.name === name) go(lobby);
	}

	function enter() {
		const name = location.hash.slice(1) || lobby, known = rooms.has(name);
		if (!known) rooms.set(name, newRoom(name, localStorage[`chat.read.${name}`]));
		room = rooms.get(name);
		room.from = "";
		remember();
		mark();
		writing.open(name);
		byId("rooms").hidePopover();
		if (!known && link.name === "live") join(room);
		settling = quiet = true;
		draw();
	}

	async function join(target) {
		expectGap(target, Date.now());
		await send("join", {}, target);
		if (!target.joined && target.name !== lobby) return forget(target); // the server has said why
		target.joined = true;
		if (target.catchUp) setTimeout(async () => {
			await send("history", {}, target); // what is stored late is there by now
			target.catchUp = null;
		}, 3000);
	}

	// --- the wire

	const send = (event, data, target = room) =>
		connection.send(event, { room: target.name, ...data }).catch(({ message }) => {
			if (message !== "lost") say(target, message);
			else if (data.id) say(target, "Not connected: that did not happen.");
		});

	function say(target, message, event = "error") {
		receive(target, { type: "system", event, message }, Date.now());
		soon();
	}

	const connection = connect({
		negotiate,
		onState(state) {
			link = state;
			soon();
		},
		onFresh() {
			for (const one of new Set([room, ...rooms.values()])) join(one);
			for (const entry of unsent.all()) if (entry.state !== "failed") post(entry);
		},
		onMessage(frame) {
			const { type, event, code, clientId, message } = frame;
			const target = rooms.get(frame.room ?? room.name);
			if (event === "error") {
				if (fail(clientId, message) || code === "unknown_event") return; // the latter: an older server
				return say(target?.joined ? target : rooms.get(lobby), message);
			}
			if (!target || type === "left") return;
			for (const line of frame.messages ?? [frame]) if (line.from === me) unsent.drop(line.clientId);
			const first = !target.lines.size, before = receive(target, frame, Date.now());
			if (before) send("history", { before }, target);
			if (type === "typing") setTimeout(soon, 6100);
			if (frame.messages && target === room) {
				quiet = true;
				if (first) mark(), (settling = true);
			}
			soon();
		},
	});

	async function post(entry) {
		unsent.put({ ...entry, state: "pending" });
		soon();
		const { clientId, message, replyTo } = entry;
		try {
			await connection.send("message", { room: entry.room, clientId, message, replyTo });
			if (/^\/[^/]/.test(message)) unsent.drop(clientId); // a command is no line of its own
			else if (unsent.get(clientId)?.state === "pending") unsent.put({ ...entry, state: "sent" });
		} catch (error) {
			if (error.message !== "lost") fail(clientId, error.message);
		}
		soon();
	}

	function fail(clientId, error) {
		const entry = unsent.get(clientId);
		if (entry) unsent.put({ ...entry, state: "failed", error });
		soon();
		return entry;
	}

	// --- what was read

	const fresh = ({ lines, read }) => ordered(lines.values())
		.filter((line) => line.from && line.from !== me && position(line) > read).length;
	const mark = () => (room.unread = room.read && fresh(room) && room.read);

	function look(lines) {
		const last = lines.findLast((line) => line.from);
		if (last && room.joined && paper.isFollowing() && !document.hidden) {
			room.read = localStorage[`chat.read.${room.name}`] = position(last);
		}
	}

	// Older lines: drawn from what is known, else asked for.
	async function older(nearTop) {
		soon();
		if (!nearTop) return;
		const lines = ordered(room.lines.values());
		const start = lines.findIndex((line) => position(line) >= room.from);
		if (start > 0) {
			room.from = position(lines[Math.max(0, start - WINDOW)]);
			quiet = true;
		} else if (room.before && !room.loading && link.name === "live") {
			room.loading = true;
			room.from = " ";
			await send("history", { before: room.before });
			room.loading = false;
		}
	}

	// --- drawing

	function soon() {
		drawing ??= document.hidden ? setTimeout(draw, 50) : requestAnimationFrame(draw);
	}

	function draw() {
		drawing = undefined;
		const lines = ordered(room.lines.values());
		if (paper.isFollowing() || !room.from) room.from = lines.length > WINDOW ? position(lines.at(-WINDOW)) : " ";
		else if (!room.unread) mark();
		const unposted = unsent.all().filter((entry) => entry.room === room.name)
			.map((entry) => ({ ...entry, id: entry.clientId, from: me, sentAt: new Date(entry.at).toISOString() }));
		const shown = [...lines.filter((line) => position(line) >= room.from), ...unposted];
		paper.draw(rows(shown, me, room.unread), quiet);
		if (settling) paper.settle();
		quiet = settling = false;
		look(lines);
		const count = !paper.isFollowing() && fresh(room), now = Date.now();
		const typing = [...room.typing].filter(([user, until]) => until > now && user !== me).map(([user]) => user);
		const mine = [...rooms.values()].map((one) =>
			({ room: one.name, current: one === room && "page", what: " unread", count: fresh(one) }));
		const total = mine.reduce((sum, one) => sum + one.count, 0);
		document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
		fill(byId("title"), room.name);
		fill(byId("pill"), count && `${count} new message${count > 1 ? "s" : ""}`);
		fill(byId("typing"), typing.length && `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…`);
		byId("empty").hidden = shown.some((line) => line.from);
		byId("others").hidden = !others.length;
		sidebar({ mine, others, people: [...new Set([me, ...[...room.people].sort()])], count: room.count, me });
		tell();
	}

	function tell() {
		const { tone, text, wait, action } = status(link, auth, Date.now(), navigator.onLine);
		byId("status").dataset.tone = tone;
		fill(byId("said"), text);
		fill(byId("wait"), wait && `Next try in ${wait} s`);
		byId("retry").hidden = action !== "retry";
		byId("again").hidden = action !== "sign-in";
	}

	// --- what people do

	const acts = {
		react: ({ id, reactions }, { value: emoji }) => send("react", { id, emoji, on: !reactions?.[emoji]?.includes(me) }),
		reply: (line) => writing.begin({ reply: line }),
		edit: (line) => writing.begin({ edit: line }),
		delete: ({ id }, button) => button.classList.toggle("sure") || send("delete", { id }),
		retry: ({ clientId }) => post(unsent.get(clientId)),
		discard: ({ clientId }) => soon(unsent.drop(clientId)),
		show: ({ replyTo }) => paper.show(replyTo.id),
		end: () => paper.toEnd(),
		connect: () => connection.retry(),
		async invite() {
			await navigator.clipboard.writeText(new URL(`#${room.name}`, location));
			say(room, "The link to this room is in your clipboard.", "notice");
		},
		out() {
			sessionStorage.clear();
			location = signOut ?? location.pathname;
		},
	};

	const writing = composer(byId("composer"), {
		maxBytes: limits.messageBytes,
		onTyping: () => send("typing", {}),
		onSend(message, task) {
			const [command, name] = message.split(/\s+/);
			if (command === "/join" && name) return go(name);
			if (command === "/leave" && room.name !== lobby) return send("leave", {}), forget(room);
			if (task?.edit) return send("edit", { id: task.edit.id, message });
			const { id, from, message: text } = task?.reply ?? {};
			const replyTo = id && { id, from, message: text.split("\n")[0].slice(0, 120) };
			room.unread = "";
			paper.toEnd();
			post({ clientId: crypto.randomUUID(), room: room.name, message, replyTo, at: Date.now() });
		},
		onLast() {
			const line = ordered(room.lines.values()).findLast(({ from, deletedAt }) => from === me && !deletedAt);
			if (line) acts.edit(line);
			return line;
		},
	});

	const paper = log(byId("log"), {
		paint: (row, node) => paint(row, node, me),
		onScroll: older,
		onLend({ line, mine }, buttons) {
			for (const { classList, dataset } of buttons) {
				classList.toggle("barred", !mine && !room.admin && /edit|delete/.test(dataset.do));
				classList.remove("sure");
			}
			return !line.deletedAt && !line.state;
		},
	});

	onclick = ({ target }) => {
		const button = target.closest("[data-do]");
		if (button) acts[button.dataset.do](button.closest(".line")?.row.line, button);
	};
	onhashchange = enter;
	onpagehide = connection.close;
	onpageshow = ({ persisted }) => persisted && location.reload();
	document.addEventListener("visibilitychange", () => {
		if (document.hidden) room.unread = "";
		else settling = mark(), draw();
	});
	byId("room-form").onsubmit = (event) => {
		event.preventDefault();
		go(byId("new-room").value);
		event.target.reset();
	};

	async function discover() {
		const { rooms: found = [] } = await fetch("rooms").then((answer) => answer.json()).catch(() => ({}));
		others = found.filter((one) => !rooms.has(one.room)).map((one) => ({ ...one, what: " people" }));
		soon();
	}
	setInterval(() => document.hidden || discover(), 30_000);
	setInterval(tell, 500);
	discover();
	for (const name of [lobby, ...(localStorage["chat.rooms"] ?? lobby).split(",")]) {
		rooms.set(name, newRoom(name, localStorage[`chat.read.${name}`]));
	}
	byId("me").textContent = me;
	byId("again").href = signIn;
	byId("chat").hidden = false;
	enter();
}
