// How one row of the log looks. Painted again, a node keeps what did not change: focus stays, nothing is read twice.
import { avatar, byId, el, fill } from "./el.js";
import { links } from "./links.js";
import { comings, names } from "./names.js";

const format = (options) => new Intl.DateTimeFormat(undefined, options).format;
const clock = format({ timeStyle: "short" }), full = format({ dateStyle: "full", timeStyle: "medium" });
const weekday = format({ weekday: "long", day: "numeric", month: "long" });

const MARKS = {
	day: ({ date }) => dayName(date),
	unread: () => "New",
	gap: () => "Something may be missing here: what was said while you were away could not be loaded.",
	presence: ({ events }) => comings(events),
	notice: ({ line }) => line.message,
};

export function paint(row, node, me) {
	if (row.kind === "line") return paintLine(row, node ?? newLine(row.line.from), me);
	node ??= el("li", { className: `mark ${row.kind} ${row.line?.event}` }, el("span", { dir: "auto" }));
	fill(node.firstChild, MARKS[row.kind](row));
	return node;
}

function dayName(date) {
	const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
	return ["Today", "Yesterday"][Math.round((midnight(Date.now()) - midnight(date)) / 864e5)] ?? weekday(date);
}

function newLine(from) {
	const node = byId("line").content.firstElementChild.cloneNode(true);
	node.prepend(avatar(from));
	node.querySelector(".who").textContent = from;
	return node;
}

function paintLine({ line, date, grouped, mine }, node, me) {
	const { deletedAt, replyTo, state, sentAt, reactions = {} } = line;
	const [head, quote, text, note] = node.querySelector(".bubble").children;
	const message = deletedAt ? "Message deleted" : line.message;
	const shown = Object.entries(reactions).filter(([, users]) => users.length && !deletedAt);
	node.className = `line ${mine && "mine"} ${grouped && "grouped"} ${deletedAt && "gone"} ${state}`;
	Object.assign(head.lastChild, { dateTime: sentAt, title: full(date) });
	fill(head.lastChild, clock(date));
	fill(quote, !deletedAt && replyTo?.message, () => [el("bdi", {}, replyTo.from), el("span", { dir: "auto" }, replyTo.message)]);
	fill(text, message, () => links(message).map(({ text, href }) =>
		href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text));
	if (state === "failed") fill(note, line.error, () => [line.error, act("retry", "Retry"), act("discard", "Discard")]);
	else fill(note, state === "pending" ? "Sending…" : !deletedAt && line.editedAt && "edited");
	fill(node.querySelector(".reactions"), shown.length && JSON.stringify(shown), () => shown.map(([value, users]) =>
		el("li", {}, act("react", `${value} ${users.length}`, { value, ariaPressed: users.includes(me), title: names(users) }))));
	return node;
}

function act(name, text, properties) {
	const button = el("button", properties, text);
	button.dataset.do = name;
	return button;
}
