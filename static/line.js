// How one row of the log looks. Painting a node again leaves alone what did not change, so that focus stays where it
// is and a screen reader hears a message once.
import { el } from "./el.js";
import { links } from "./links.js";
import { names } from "./names.js";
import { presence } from "./presence.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

// A colour that stays with a name.
export function hue(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt()) % 3600;
  return (sum * 47) % 360;
}

export function paint(row, node, me) {
  if (row.kind === "line") return paintLine(row, node ?? newLine(row.line.from), me);
  const text = {
    day: () => dayName(row.date),
    unread: () => "New",
    gap: () => "Messages may be missing here: what was said while you were away could not be loaded.",
    presence: () => presence(row.events),
    notice: () => row.line.message,
  }[row.kind]();
  node ??= el("li", { className: `mark ${row.kind} ${row.line?.event ?? ""}`, dir: "auto" }, el("span"));
  fill(node.firstChild, text, () => [text]);
  return node;
}

function dayName(date) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5);
  return ["Today", "Yesterday"][days] ?? day.format(date);
}

function newLine(from) {
  const node = document.getElementById("line").content.firstElementChild.cloneNode(true);
  node.style.setProperty("--hue", hue(from));
  node.querySelector(".avatar").textContent = [...from][0].toUpperCase();
  node.querySelector(".who").textContent = from;
  return node;
}

function paintLine({ line, date, grouped, mine }, node, me) {
  const at = (name) => node.querySelector(`.${name}`);
  const { deletedAt, editedAt, replyTo, state } = line;
  node.className = `line ${mine ? "mine" : ""} ${grouped ? "grouped" : ""} ${deletedAt ? "gone" : ""} ${state ?? ""}`;
  const time = at("time");
  time.dateTime = line.sentAt;
  time.textContent = clock.format(date);
  time.title = full.format(date);
  fill(at("text"), deletedAt ? "Message deleted" : line.message, (text) => links(text).map(piece));
  fill(at("quote"), replyTo && !deletedAt ? `${replyTo.from}\n${replyTo.message}` : "", () =>
    [el("bdi", {}, replyTo.from), el("span", { dir: "auto" }, replyTo.message)]);
  fill(at("state"), state === "pending" ? "Sending…" : state === "failed" ? line.error : editedAt && !deletedAt ? "edited" : "",
    (text) => state === "failed" ? [text, act("retry", "Retry"), act("discard", "Discard")] : [text]);
  const reactions = Object.entries(line.reactions ?? {}).filter(([, users]) => users.length && !deletedAt);
  fill(at("reactions"), reactions.length ? JSON.stringify(reactions) : "", () => reactions.map(([emoji, users]) => {
    const label = `${emoji} ${names(users)}`;
    const button = act("react", `${emoji} ${users.length}`, { title: label, ariaLabel: label, ariaPressed: users.includes(me) });
    button.dataset.emoji = emoji;
    return el("li", {}, button);
  }));
  return node;
}

function piece({ text, href }) {
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text) : text;
}

function act(name, text, properties) {
  const button = el("button", { type: "button", ...properties }, text);
  button.dataset.do = name;
  return button;
}

function fill(element, value, build) {
  if (element.shown === value) return;
  element.shown = value;
  element.hidden = !value;
  element.replaceChildren(...(value ? build(value) : []));
}
