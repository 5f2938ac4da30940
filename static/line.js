// How one row of the log looks. Painted again, a node keeps what did not change: focus stays, nothing is read out twice.
import { avatar, el, fill } from "./el.js";
import { links } from "./links.js";
import { comings, names } from "./names.js";

const format = (options) => new Intl.DateTimeFormat(undefined, options).format;
const clock = format({ timeStyle: "short" }), full = format({ dateStyle: "full", timeStyle: "medium" });
const weekday = format({ weekday: "long", day: "numeric", month: "long" });

export function paint(row, node, me) {
  if (row.kind === "line") return paintLine(row, node ?? newLine(row.line.from), me);
  const text = {
    day: ({ date }) => dayName(date),
    unread: () => "New",
    gap: () => "Something may be missing here: what was said while you were away could not be loaded.",
    presence: ({ events }) => comings(events),
    notice: ({ line }) => line.message,
  }[row.kind](row);
  node ??= el("li", { className: `mark ${row.kind} ${row.line?.event}` }, el("span", { dir: "auto" }));
  fill(node.firstChild, text);
  return node;
}

function dayName(date) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  return ["Today", "Yesterday"][days] ?? weekday(date);
}

function newLine(from) {
  const node = document.getElementById("line").content.firstElementChild.cloneNode(true);
  node.prepend(avatar(from));
  node.querySelector(".who").textContent = from;
  return node;
}

function paintLine({ line, date, grouped, mine }, node, me) {
  const { deletedAt, editedAt, replyTo, state, error, message, sentAt, reactions = {} } = line;
  const [head, quote, text, note] = node.querySelector(".bubble").children;
  const shown = deletedAt ? [] : Object.entries(reactions).filter(([, users]) => users.length);
  node.className = `line ${mine ? "mine" : ""} ${grouped ? "grouped" : ""} ${deletedAt ? "gone" : ""} ${state}`;
  Object.assign(head.lastElementChild, { dateTime: sentAt, title: full(date) });
  fill(head.lastElementChild, clock(date));
  fill(quote, replyTo && !deletedAt && `${replyTo.from}: ${replyTo.message}`, () =>
    [el("bdi", {}, replyTo.from), el("span", { dir: "auto" }, replyTo.message)]);
  fill(text, deletedAt ? "Message deleted" : message, () => deletedAt ? ["Message deleted"] : links(message).map(piece));
  if (state === "failed") fill(note, error, () => [error, act("retry", "Retry"), act("discard", "Discard")]);
  else fill(note, state === "pending" ? "Sending…" : editedAt && !deletedAt ? "edited" : "");
  fill(node.querySelector(".reactions"), shown.length && JSON.stringify(shown), () => shown.map(([emoji, users]) =>
    el("li", {}, act("react", `${emoji} ${users.length}`, { value: emoji, ariaPressed: users.includes(me), title: names(users) }))));
  return node;
}

const piece = ({ text, href }) => (href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text);

function act(name, text, properties) {
  const button = el("button", { type: "button", ...properties }, text);
  button.dataset.do = name;
  return button;
}
