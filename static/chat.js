// The chat of one person: what becomes of each frame, key and click. State here, drawing from it.
import { composer } from "./composer.js";
import { connect } from "./connection.js";
import { byId, el, fill } from "./el.js";
import { paint } from "./line.js";
import { ordered, position } from "./lines.js";
import { log } from "./log.js";
import { names } from "./names.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, receive, unread } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { status } from "./status.js";

const WINDOW = 120; // lines drawn at first; more as one scrolls up

export function chat({ auth, lobby, limits, signIn, signOut }, me, negotiate) {
	const rooms = new Map(), unsent = outbox(localStorage, me);
	let room, link, drawing, quiet, settling;

	// --- rooms

	const go = (name) => (location.hash = name.trim().replace(/^#/, "").toLowerCase().replace(/\s+/g, "-"));

	function roomOf(name) {
		if (!rooms.has(name)) rooms.set(name, newRoom(name, localStorage[`chat.read.${name}`]));
		localStorage["chat.rooms"] = [...rooms.keys()];
		return rooms.get(name);
	}

	function forget({ name }) {
		rooms.delete(name);
		localStorage["chat.rooms"] = [...rooms.keys()];
		if (room.name === name) go(lobby);
	}

	function enter() {
		room = roomOf(location.hash.slice(1) || lobby);
		mark();
		writing.open(room.name);
		byId("rooms").hidePopover();
		if (!room.joined && link.name === "live") join(room);
		settling = quiet = true;
		draw();
	}

	async function join(target) {
		expectGap(target, Date.now());
		target.joining = true;
		await send("join", {}, target);
		target.joining = false;
		if (!target.joined && target.name !== lobby) return forget(target); // the server has said why
		target.joined = true;
		if (!target.catchUp) return;
		await new Promise((resolve) => setTimeout(resolve, 3000));
		await send("history", {}, target); // what is stored late is there by now
		target.catchUp = null;
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
			const { type, event, code, clientId, message, messages } = frame;
			const target = type === "joined" ? roomOf(frame.room) : rooms.get(frame.room ?? room.name);
			if (event === "error") {
				if (fail(clientId, message) || code === "unknown_event") return; // the latter: an older server
				return say(target?.joined ? target : roomOf(lobby), message);
			}
			if (type === "left" && target) forget(target);
			if (type === "left" || !target) return;
			for (const line of messages ?? [frame]) if (line.from === me) unsent.drop(line.clientId);
			const asked = target.joining, before = receive(target, frame, Date.now());
			if (before) send("history", { before }, target);
			if (type === "joined" && !asked) go(frame.room); // by a command
			if (type === "typing") setTimeout(soon, 6100);
			if (messages && target === room) quiet = true;
			if (type === "joined" && target === room && !target.total) settling = true;
			soon();
		},
	});

	async function post(entry) {
		const { id, message, replyTo } = entry;
		unsent.put({ ...entry, state: "pending" });
		soon();
		try {
			await connection.send("message", { room: entry.room, clientId: id, message, replyTo, utcOffset: -new Date().getTimezoneOffset() });
			if (unsent.get(id)?.state !== "pending") return;
			if (/^\/[^/]/.test(message)) unsent.drop(id); // a command is no line of its own
			else unsent.put({ ...entry, state: "sent" });
		} catch (error) {
			if (error.message !== "lost") fail(id, error.message);
		}
		soon();
	}

	function fail(id, error) {
		const entry = unsent.get(id);
		if (entry) unsent.put({ ...entry, state: "failed", error });
		soon();
		return entry;
	}

	// --- what was read

	const mark = () => (room.unread = room.read && unread(room, me).length && room.read);

	function look(last) {
		if (!last || !room.joined || !paper.isFollowing() || document.hidden) return;
		room.read = localStorage[`chat.read.${room.name}`] = position(last);
	}

	// Older lines: drawn from what is known, else asked for.
	async function older(nearTop) {
		soon();
		if (!nearTop || room.loading) return;
		if (room.shown < room.total) room.shown += WINDOW;
		else if (room.before) {
			room.loading = true;
			await send("history", { before: room.before });
			room.loading = false;
		}
		quiet = true;
	}

	// --- drawing

	function soon() {
		drawing ??= document.hidden ? setTimeout(draw, 50) : requestAnimationFrame(draw);
	}

	function draw() {
		const following = paper.isFollowing(), now = Date.now(), lines = ordered(room.lines.values());
		drawing = undefined;
		if ((settling || !following) && !room.unread) mark();
		room.shown = following || !room.shown ? WINDOW : room.shown + lines.length - room.total;
		room.total = lines.length;
		const shown = [...lines.slice(-room.shown), ...unsent.all().filter((entry) => entry.room === room.name)];
		paper.draw(rows(shown, me, room.unread), quiet);
		if (settling) paper.settle();
		quiet = settling = false;
		look(lines.findLast((line) => line.from));
		const count = !paper.isFollowing() && unread(room, me).length;
		const typing = [...room.typing.keys()].filter((user) => room.typing.get(user) > now && user !== me);
		const mine = [...rooms.values()].map((one) => ({ name: one.name, unread: unread(one, me).length, current: one === room }));
		const total = mine.reduce((sum, one) => sum + one.unread, 0);
		document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
		fill("title", room.name);
		fill("pill", count && `${count} new message${count > 1 ? "s" : ""}`);
		fill("typing", typing.length && `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…`);
		byId("empty").hidden = shown.some((line) => line.from);
		sidebar(mine, [...new Set([me, ...[...room.people].sort()])], room.count, me);
		tell();
	}

	function tell() {
		const { tone, text, wait, action } = status(link, auth, Date.now(), navigator.onLine);
		byId("status").dataset.tone = tone;
		fill("said", text);
		fill("wait", wait && `Next try in ${wait} s`);
		byId("retry").hidden = action !== "retry";
		byId("again").hidden = action !== "sign-in";
	}

	// --- what people do

	const acts = {
		react: ({ id, reactions }, { value: emoji }) => send("react", { id, emoji, on: !reactions?.[emoji]?.includes(me) }),
		reply: (line) => writing.begin({ reply: line }),
		edit: (line) => writing.begin({ edit: line }),
		delete: ({ id }, button) => button.classList.toggle("sure") || send("delete", { id }),
		retry: ({ id }) => post(unsent.get(id)),
		discard: ({ id }) => soon(unsent.drop(id)),
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
			if (task?.edit) return send("edit", { id: task.edit.id, message });
			const { id, from, message: text } = task?.reply ?? {};
			const replyTo = id && { id, from, message: text.split("\n")[0].slice(0, 120) };
			room.unread = "";
			paper.toEnd();
			post({ id: crypto.randomUUID(), from: me, room: room.name, message, replyTo, sentAt: new Date().toISOString() });
		},
		onLast() {
			const line = ordered(room.lines.values()).findLast(({ from, deletedAt }) => from === me && !deletedAt);
			if (line) acts.edit(line);
			return line;
		},
	});

	const paper = log(byId("log"), byId("tools"), {
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
	byId("new-room").onfocus = async () => {
		const { rooms: open } = await fetch("rooms").then((answer) => answer.json());
		byId("open").replaceChildren(...open.map(({ room, count }) => el("option", { value: room, label: `${room}: ${count} here` })));
	};

	setInterval(tell, 500);
	for (const name of (localStorage["chat.rooms"] ?? lobby).split(",")) roomOf(name);
	byId("me").textContent = me;
	byId("again").href = signIn;
	byId("chat").hidden = false;
	enter();
}
