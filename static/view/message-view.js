// How one row of the log looks. Painted again, a node keeps what did not change.
import { avatar, el, fill } from "./el.js";
import { comings, names } from "./words.js";

// With parentheses in pairs, without what ends the sentence.
const ADDRESS = /\b(https?:\/\/(?:[^\s<>"()\p{Bidi_C}]|\([^\s<>"()\p{Bidi_C}]*\))+(?<![.,;:!?'*\]]))/iu;

const format = (options) => new Intl.DateTimeFormat(undefined, options).format;
const clock = format({ timeStyle: "short" }), day = format({ dateStyle: "full" });

export function paint(row, node) {
	const { kind, line, date, events } = row;
	if (kind === "line") return paintLine(row, node ?? newLine(line.from));
	const text = kind === "day" ? dayName(date) : kind === "presence" ? comings(events) : line?.message ?? "New";
	node ??= el("li", { className: `mark ${kind} ${line?.event ?? ""}` }, el("span", { dir: "auto" }));
	fill(node.firstChild, text);
	return node;
}

function dayName(date) {
	const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
	return ["Today", "Yesterday"][Math.round((midnight(Date.now()) - midnight(date)) / 864e5)] ?? day(date);
}

function newLine(from) {
	const quote = el("button", { className: "quote", name: "quote" }), text = el("p", { className: "text", dir: "auto" });
	const parts = [el("time"), quote, text, el("p", { className: "note" })], list = el("ul", { className: "reactions" });
	const bubble = el("div", { className: "bubble" }, el("b", { dir: "auto" }, from), ...parts);
	return Object.assign(el("li", { tabIndex: -1 }, avatar(from), bubble, list), { parts: [...parts, list] });
}

function paintLine({ line, date, grouped, me }, node) {
	const { id, from, sentAt, deletedAt, state, error } = line;
	const { message, editedAt, replyTo, reactions = {} } = deletedAt ? { message: "Message deleted" } : line;
	const [time, quote, text, note, list] = node.parts;
	const failed = state === "failed", shown = Object.entries(reactions).filter(([, users]) => users.length);
	node.className = ["line", from === me && "mine", grouped && "grouped", deletedAt ? "gone" : state].filter(Boolean).join(" ");
	node.id = id;
	time.dateTime = sentAt;
	time.title = `${day(date)} ${clock(date)}`;
	fill(time, clock(date));
	fill(quote, replyTo?.message, () => [el("b", { dir: "auto" }, replyTo.from), el("bdi", {}, replyTo.message)]);
	fill(text, message, () => links(message).map(({ text, href }) =>
		href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text));
	fill(note, failed ? error : state === "pending" ? "Sending…" : editedAt && "edited", () =>
		failed ? [error, el("button", { name: "retry" }, "Retry"), el("button", { name: "discard" }, "Discard")] : [note.shown]);
	fill(list, shown.length && JSON.stringify(shown), () => shown.map(([value, users]) =>
		el("li", {}, el("button", { name: "react", value, ariaPressed: users.includes(me), title: names(users) }, `${value} ${users.length}`))));
	return node;
}

// Plain pieces and http(s) addresses: [{ text, href? }].
export function links(text) {
	return text.split(ADDRESS).map((piece, place) => ({ text: piece, href: place % 2 && URL.canParse(piece) ? piece : undefined }));
}
