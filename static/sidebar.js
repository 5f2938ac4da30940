// The lists beside the conversation: my rooms with what is unread, other rooms with people in them, and who is here.
import { el } from "./el.js";
import { hue } from "./line.js";

const shown = new WeakMap();

function list(id, items, build) {
  const root = document.getElementById(id);
  const value = JSON.stringify(items);
  if (shown.get(root) === value) return;
  shown.set(root, value);
  const focused = root.contains(document.activeElement) && document.activeElement.href;
  root.replaceChildren(...items.map((item) => el("li", {}, ...build(item))));
  for (const link of root.querySelectorAll("a")) if (link.href === focused) link.focus();
}

export function sidebar({ rooms, others, people, count, me, current }) {
  const link = (name, note, label) => {
    const a = el("a", { href: `#${encodeURIComponent(name)}` }, el("bdi", {}, name));
    if (name === current) a.ariaCurrent = "page";
    if (note) a.append(el("span", { className: "badge", ariaLabel: label }, note));
    return [a];
  };
  list("my-rooms", rooms, ({ name, unread }) => link(name, unread && String(unread), `${unread} unread`));
  list("other-rooms", others, ({ room, count: here }) => link(room, String(here), `${here} people`));
  const order = [...people].sort((a, b) => (b === me) - (a === me) || a.localeCompare(b));
  list("people-list", order, (name) => {
    const avatar = el("span", { className: "avatar", ariaHidden: "true" }, [...name][0].toUpperCase());
    avatar.style.setProperty("--hue", hue(name));
    return [avatar, el("bdi", {}, name), name === me ? " (you)" : ""];
  });
  document.getElementById("others").hidden = !others.length;
  document.getElementById("more-people").textContent = count > order.length ? `and ${count - order.length} more` : "";
  document.getElementById("count").textContent = `${count || order.length} here`;
}
