// How one row of the log looks. Painted again, a node keeps what did not change.
import { $, avatar, el, fill } from "./el.js";
import { comings, names } from "./names.js";

const format = (options) => new Intl.DateTimeFormat(undefined, options).format;
const clock = format({ timeStyle: "short" }), day = format({ dateStyle: "full" });

export function paint(row, node) {
	const { kind, line, date, events } = row;
	if (kind === "line") return paintLine(row, node ?? newLine(line.from));
	const text = {
		day: () => dayName(date),
		unread: () => "New",
		gap: () => "Messages may be missing here: not all could be loaded.",
		presence: () => comings(events),
		notice: () => line.message,
	};
	node ??= el("li", { className: `mark ${kind} ${line?.event ?? ""}` }, el("span", { dir: "auto" }));
	fill(node.firstChild, text[kind]());
	return node;
}

function dayName(date) {
	const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
	return ["Today", "Yesterday"][Math.round((midnight(Date.now()) - midnight(date)) / 864e5)] ?? day(date);
}

function newLine(from) {
	const node = $("line").content.firstElementChild.cloneNode(true);
	node.prepend(avatar(from));
	node.querySelector("b").textContent = from;
	return node;
}

function paintLine({ line, date, grouped, mine, me }, node) {
	const { deletedAt, editedAt, error, replyTo, state, sentAt, reactions = {} } = line;
	const [time, quote, text, note, list] = node.querySelectorAll("time, .quote, .text, .note, .reactions");
	const message = deletedAt ? "Message deleted" : line.message, failed = state === "failed";
	const shown = Object.entries(reactions).filter(([, users]) => users.length && !deletedAt);
	node.className = ["line", mine && "mine", grouped && "grouped", deletedAt ? "gone" : state].filter(Boolean).join(" ");
	Object.assign(time, { dateTime: sentAt, title: `${day(date)} ${clock(date)}` });
	fill(time, clock(date));
	fill(quote, !deletedAt && replyTo?.message, () => [el("bdi", {}, replyTo.from), el("bdi", {}, replyTo.message)]);
	fill(text, message, () => links(message).map(({ text, href }) =>
		href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text));
	fill(note, failed ? error : state === "pending" ? "Sending…" : !deletedAt && editedAt && "edited", () =>
		failed ? [error, act("retry", "Retry"), act("discard", "Discard")] : [note.shown]);
	fill(list, shown.length && JSON.stringify(shown), () => shown.map(([value, users]) =>
		el("li", {}, act("react", `${value} ${users.length}`, { value, ariaPressed: users.includes(me), title: names(users) }))));
	return node;
}

function act(name, text, properties) {
	const button = el("button", properties, text);
	button.dataset.do = name;
	return button;
}

// Plain pieces and http(s) addresses: [{ text, href? }].
export function links(text) {
	const pieces = [];
	let end = 0;
	for (const { 0: found, index } of text.matchAll(/\bhttps?:\/\/[^\s<>"\u202a-\u202e\u2066-\u2069]+/gi)) {
		const href = trimmed(found);
		if (!URL.canParse(href)) continue;
		pieces.push({ text: text.slice(end, index) }, { text: href, href });
		end = index + href.length;
	}
	return [...pieces, { text: text.slice(end) }];
}

// Without what ends the sentence.
function trimmed(address) {
	const odd = address.endsWith(")") && address.split("(").length < address.split(")").length;
	return odd || /[.,;:!?'*\]]$/.test(address) ? trimmed(address.slice(0, -1)) : address;
}
