// The chat: what becomes of each frame and click.
import { composer } from "./composer.js";
import { connect } from "./connection.js";
import { $, fill } from "./el.js";
import { log } from "./log.js";
import { names } from "./names.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, ordered, position, receive, unread } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { status } from "./status.js";
import { welcome } from "./welcome.js";

const WINDOW = 120;

const session = await fetch("session").then((answer) => answer.json()).catch(() => ({}));
const me = await welcome(session, negotiate);
const { auth, lobby, limits, signIn, signOut } = session;
const rooms = new Map(), unsent = outbox(localStorage, me);
let room, link, drawing, quiet, settling;

function roomOf(name) {
	if (!rooms.has(name)) rooms.set(name, newRoom(name, localStorage[`chat.read.${name}`]));
	localStorage["chat.rooms"] = [...rooms.keys()];
	return rooms.get(name);
}

function go(name) {
	location.hash = name.trim().replace(/^#/, "").toLowerCase();
}

function enter() {
	room = roomOf(location.hash.slice(1) || lobby);
	mark();
	writing.open(room.name);
	$("rooms").hidePopover();
	if (!room.joined && link.name === "live") join(room);
	settling = quiet = true;
	draw();
}

function forget({ name }) {
	rooms.delete(name);
	go(room.name === name ? lobby : room.name);
	roomOf(lobby);
}

async function join(target) {
	expectGap(target, Date.now());
	await send("join", {}, target);
	if (!target.joined && target.name !== lobby) return forget(target); // the server has said why
	target.joined = true;
	if (!target.catchUp) return;
	await new Promise((resolve) => setTimeout(resolve, 3000)); // until all is stored
	await send("history", {}, target);
	target.catchUp = null;
}

// Rejects with a status and the server's words.
async function negotiate(user) {
	const body = JSON.stringify(session.auth === "open" ? { id: user } : {});
	const answer = await fetch("negotiate", { method: "POST", body });
	const { url, error } = await answer.json().catch(() => ({}));
	if (url) return url;
	throw Object.assign(new Error(error?.message), { status: answer.status });
}

function send(event, data, target = room) {
	return connection.send(event, { room: target.name, ...data }).catch((error) => {
		if (error || data.id) say(target, error?.message ?? "Not connected, not done.");
	});
}

function say(target, message, event = "error") {
	soon(receive(target, { type: "system", event, message }, Date.now()));
}

function onMessage(frame) {
	const { type, event, clientId, message, messages, room: name = room.name } = frame;
	const target = type === "joined" ? roomOf(name) : rooms.get(name);
	if (event === "error") return fail(clientId, message) || say(target?.joined ? target : roomOf(lobby), message);
	if (!target) return;
	if (type === "left") return forget(target);
	if (type === "joined" && target.joined !== false) go(name); // by a command
	for (const line of messages ?? [frame]) if (line.from === me) unsent.drop(line.clientId);
	const before = receive(target, frame, Date.now());
	if (before) send("history", { before }, target);
	if (messages && target === room) {
		quiet = true;
		settling ||= type === "joined" && !room.total;
	}
	soon();
}

async function post(entry) {
	const { id, room, message, replyTo } = entry, utcOffset = -new Date().getTimezoneOffset();
	soon(unsent.put({ ...entry, state: "pending" }));
	try {
		await connection.send("message", { room, clientId: id, message, replyTo, utcOffset });
		if (unsent.get(id)?.state !== "pending") return;
		if (/^\/[^/]/.test(message)) unsent.drop(id); // a command
		else unsent.put({ ...entry, state: "sent" });
	} catch (error) {
		if (error) fail(id, error.message);
	}
	soon();
}

function fail(id, error) {
	const entry = unsent.get(id);
	if (entry) soon(unsent.put({ ...entry, state: "failed", error }));
	return entry;
}

const connection = connect({
	negotiate: () => negotiate(me),
	onState: (state) => soon((link = state)),
	onFresh() {
		new Set([room, ...rooms.values()]).forEach(join);
		for (const entry of unsent.all()) if (entry.state !== "failed") post(entry);
	},
	onMessage,
});

function mark() {
	room.unread = room.read && unread(room, me).length && room.read;
}

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

function soon() {
	drawing ??= document.hidden ? setTimeout(draw, 50) : requestAnimationFrame(draw);
}

function draw() {
	const lines = ordered(room), last = lines.findLast((line) => line.from);
	drawing = undefined;
	if ((settling || !paper.isFollowing()) && !room.unread) mark();
	room.shown = paper.isFollowing() || !room.shown ? WINDOW : room.shown + lines.length - room.total;
	room.total = lines.length;
	const shown = [...lines.slice(-room.shown), ...unsent.all().filter((entry) => entry.room === room.name)];
	paper.draw(rows(shown, me, room.unread), quiet);
	if (settling) paper.settle();
	quiet = settling = false;
	if (last && room.joined && paper.isFollowing() && !document.hidden) {
		room.read = localStorage[`chat.read.${room.name}`] = position(last);
	}
	const count = !paper.isFollowing() && unread(room, me).length;
	const mine = [...rooms.values()].map((one) => ({ name: one.name, count: unread(one, me).length, current: one === room }));
	const total = mine.reduce((sum, one) => sum + one.count, 0);
	document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
	$("chat").className = room.admin ? "admin" : "";
	$("empty").hidden = shown.some((line) => line.from);
	fill("title", room.name);
	fill("pill", count && `${count} new message${count > 1 ? "s" : ""}`);
	sidebar(mine, [...new Set([me, ...[...room.people].sort()])], room.count, me);
	tell();
}

function tell() {
	const now = Date.now(), { tone, text, wait } = status(link, auth, now, navigator.onLine);
	const typing = [...room.typing.keys()].filter((user) => room.typing.get(user) > now && user !== me);
	fill("typing", typing.length && `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…`);
	$("status").dataset.tone = tone;
	fill("said", text);
	fill("wait", wait && `Next try in ${wait} s`);
	$("retry").hidden = wait === undefined;
	$("again").hidden = link.name !== "signed out";
}

const paper = log($("log"), $("tools"), older);

const acts = {
	react: ({ id, reactions }, { value: emoji }) => send("react", { id, emoji, on: !reactions?.[emoji]?.includes(me) }),
	reply: (line) => writing.begin("reply", line),
	edit: (line) => writing.begin("edit", line),
	delete: ({ id }, button) => button.classList.toggle("sure") || send("delete", { id }),
	retry: ({ id }) => post(unsent.get(id)),
	discard: ({ id }) => soon(unsent.drop(id)),
	end: paper.toEnd,
	connect: connection.probe,
	async invite() {
		const link = new URL(`#${room.name}`, location);
		await navigator.clipboard?.writeText(link);
		say(room, `Copied: ${link}`, "notice");
	},
	out() {
		sessionStorage.clear();
		location = signOut ?? ".";
	},
};

const writing = composer($("composer"), {
	maxBytes: limits.messageBytes,
	onTyping: () => send("typing", {}),
	onSend(message, task, line) {
		if (task === "edit") return send("edit", { id: line.id, message });
		const replyTo = task && { id: line.id, from: line.from, message: line.message.split("\n")[0].slice(0, 120) };
		room.unread = "";
		paper.toEnd();
		const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
		post({ id, from: me, room: room.name, message, replyTo, sentAt: new Date().toISOString() });
	},
	onLast() {
		const line = ordered(room).findLast(({ from, deletedAt }) => from === me && !deletedAt);
		return line && !acts.edit(line);
	},
});

onclick = ({ target }) => {
	const button = target.closest("[data-do]");
	if (button) acts[button.dataset.do](button.closest(".line")?.row.line, button);
};
onhashchange = enter;
onpagehide = connection.close;
onpageshow = ({ persisted }) => persisted && location.reload();
document.onvisibilitychange = () => {
	if (document.hidden) return void (room.unread = "");
	connection.probe();
	draw(mark((settling = true)));
};
$("room-form").onsubmit = (event) => {
	event.preventDefault();
	go($("new-room").value);
	event.target.reset();
};

for (const name of (localStorage["chat.rooms"] ?? lobby).split(",")) roomOf(name);
$("me").textContent = me;
$("again").href = signIn;
$("welcome").hidden = true;
$("chat").hidden = false;
enter();
setInterval(tell, 500);
