// The chat: what becomes of each frame and click.
import { composer } from "./composer.js";
import { ask, connect } from "./connection.js";
import { $, fill } from "./el.js";
import { log } from "./log.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, ordered, position, receive, unread } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { welcome } from "./welcome.js";
import { names, status } from "./words.js";

const WINDOW = 120, LOOK_MS = 60_000, MAX_OTHERS = 8;

const { me, auth, lobby, limits, signIn, signOut } = await welcome();
const rooms = new Map(), unsent = outbox(localStorage, me), { style } = document.documentElement;
let room, link, drawing, settling, others = [];

function roomOf(name) {
	if (!rooms.has(name)) rooms.set(name, newRoom(name, localStorage[`chat.read.${name}`]));
	return rooms.get(name);
}

function go(name) {
	location.hash = name.trim().replace(/^#/, "").toLowerCase();
}

function enter() {
	room = roomOf(location.hash.slice(1) || lobby);
	room.unread = "";
	writing.open(room.name);
	$("rooms").hidePopover();
	if (link.name === "live") join(room);
	settling = true;
	draw();
}

function forget({ name }) {
	rooms.delete(name);
	if (name !== room.name) return soon();
	go(lobby);
	enter();
}

async function join(target) {
	if (target.joined !== undefined) return; // tried already
	expectGap(target, Date.now());
	if (!(await send("join", target))) return (target.joined = undefined);
	if (!target.joined && target.name !== lobby) return forget(target); // the server has said why
	target.joined = true;
	if (!target.catchUp) return;
	await new Promise((resolve) => setTimeout(resolve, 3000)); // until all is stored
	await send("history", target);
	target.catchUp = null;
}

// Returns whether it was done.
async function send(event, target, data) {
	const problem = await connection.send(event, { room: target.name, ...data });
	if (problem?.message || (problem && data?.id)) say(target, problem.message ?? "Not connected, not done.");
	return !problem;
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
	settling ||= type === "joined" && target === room && !room.lines.size;
	const before = receive(target, frame, Date.now());
	if (before) send("history", target, { before });
	soon();
}

async function post(entry) {
	const { id, room, message, replyTo } = entry;
	soon(unsent.put(entry, "pending"));
	const data = { room, clientId: id, message, replyTo, utcOffset: -new Date().getTimezoneOffset() };
	const problem = await connection.send("message", data);
	if (problem) return problem.message && fail(id, problem.message);
	if (unsent.get(id)?.state !== "pending") return;
	if (/^\/[^/]/.test(message)) unsent.drop(id); // a command
	else unsent.put(entry, "sent");
	soon();
}

function fail(id, error) {
	const entry = unsent.get(id);
	if (entry) soon(unsent.put(entry, "failed", error));
	return entry;
}

function onState(state) {
	soon((link = state));
	if (state.name !== "live") return;
	for (const one of rooms.values()) {
		if (state.fresh) one.joined = undefined;
		join(one);
	}
	for (const entry of unsent.all()) if (state.fresh && entry.state !== "failed") post(entry);
}

async function older(nearTop) {
	const here = room;
	soon();
	if (!nearTop || here.loading) return;
	if (here.hidden) here.hidden = Math.max(0, here.hidden - WINDOW);
	else if (here.before) {
		here.loading = true;
		await send("history", here, { before: here.before });
		here.loading = false;
	}
}

// Which rooms others are in; without an answer none.
async function look() {
	if (document.hidden || !$("rooms").checkVisibility()) return;
	others = (await ask("rooms")).rooms ?? [];
	soon();
}

function soon() {
	drawing ??= setTimeout(draw, 16);
}

function draw() {
	const lines = ordered(room), last = lines.findLast((line) => line.from);
	drawing = undefined;
	if (settling || !paper.isFollowing()) room.unread ||= unread(room, me) && room.read;
	if (settling || paper.isFollowing()) room.hidden = Math.max(0, lines.length - WINDOW);
	const shown = [...lines.slice(room.hidden), ...unsent.all().filter((entry) => entry.room === room.name)];
	paper.draw(rows(shown, me, room.unread), settling);
	settling = false;
	if (last && room.joined && paper.isFollowing() && !document.hidden) {
		room.read = localStorage[`chat.read.${room.name}`] = position(last);
	}
	const mine = [...rooms.values()].map((one) => ({ name: one.name, count: unread(one, me), current: one === room }));
	const count = unread(room, me), total = mine.reduce((sum, one) => sum + one.count, 0);
	localStorage["chat.rooms"] = [...rooms.keys()];
	document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
	$("chat").className = room.admin ? "admin" : "";
	$("empty").hidden = shown.some((line) => line.from);
	fill("title", room.name);
	fill("theme", `Theme: ${style.colorScheme || "system"}`);
	fill("pill", count && `${count} new message${count > 1 ? "s" : ""}`);
	sidebar(mine, others.filter((one) => !rooms.has(one.room)).slice(0, MAX_OTHERS), room, me);
	tell();
}

function tell() {
	const now = Date.now(), { tone, text, wait, action } = status(link, auth, now, navigator.onLine);
	const typing = [...room.typing.keys()].filter((user) => room.typing.get(user) > now && user !== me);
	fill("typing", typing.length && `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…`);
	$("status").dataset.tone = tone;
	fill("said", text);
	fill("wait", wait > 0 && `Next try in ${wait} s`);
	fill("act", action);
}

const connection = connect({ user: auth === "open" ? me : undefined, onState, onMessage });
const paper = log($("log"), $("tools"), older);

// What the buttons do, by their names.
const acts = {
	react: ({ id, reactions }, { value: emoji }) => send("react", room, { id, emoji, on: !reactions?.[emoji]?.includes(me) }),
	reply: (line) => writing.begin("reply", line),
	edit: (line) => writing.begin("edit", line),
	delete: ({ id }, button) => button.classList.toggle("sure") || send("delete", room, { id }),
	retry: ({ id }) => post(unsent.get(id)),
	discard: ({ id }) => soon(unsent.drop(id)),
	quote({ replyTo: { id } }) {
		const place = ordered(room).findIndex((line) => line.id === id);
		if (place < 0) return;
		paper.stay();
		room.hidden = Math.min(room.hidden, place);
		draw();
		$(id).focus({ focusVisible: true });
		paper.scrolled();
	},
	end: paper.toEnd,
	act: () => link.name === "signed out" ? location.assign(signIn) : connection.probe(),
	async invite() {
		const address = new URL(`#${room.name}`, location);
		const copied = await navigator.clipboard?.writeText(address).then(() => "Copied", () => {});
		say(room, `${copied ?? "Share this"}: ${address}`, "notice");
	},
	theme() {
		style.colorScheme = localStorage["chat.theme"] = { "": "light", light: "dark", dark: "" }[style.colorScheme];
		soon();
	},
	out() {
		sessionStorage.clear();
		location = signOut ?? ".";
	},
};

const writing = composer({
	maxBytes: limits.messageBytes,
	onTyping: () => send("typing", room),
	onSend(message, task, line) {
		if (task === "edit") return send("edit", room, { id: line.id, message });
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
	const button = target.closest("button");
	acts[button?.name]?.(button.closest(".line")?.row.line, button);
};
onhashchange = enter;
onpagehide = connection.close;
onpageshow = ({ persisted }) => persisted && location.reload();
document.onvisibilitychange = () => {
	if (document.hidden) return void (room.unread = "");
	connection.probe();
	settling = true;
	draw();
};
$("rooms").ontoggle = look;
$("room-form").onsubmit = ({ target }) => {
	go($("new-room").value);
	target.reset();
};

for (const name of (localStorage["chat.rooms"] ?? lobby).split(",")) roomOf(name);
fill("me", me);
$("welcome").hidden = true;
$("chat").hidden = false;
enter();
look();
setInterval(tell, 500);
setInterval(look, LOOK_MS);
