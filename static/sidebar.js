// The lists beside the conversation: my rooms with what is unread, other rooms with people in them, who is here.
import { avatar, el, fill } from "./el.js";

function list(id, items, build) {
  const root = document.getElementById(id);
  const focused = root.contains(document.activeElement) && document.activeElement.href;
  fill(root, items.length && JSON.stringify(items), () => items.map((item) => el("li", {}, ...build(item))));
  if (focused) [...root.querySelectorAll("a")].find(({ href }) => href === focused)?.focus();
}

export function sidebar({ mine, others, people, count, me }) {
  const link = ({ room, count, current, what }) => {
    const a = el("a", { href: `#${room}`, ariaCurrent: current ? "page" : null }, el("bdi", {}, room));
    if (count) a.append(el("span", { className: "badge" }, String(count), el("i", {}, what)));
    return [a];
  };
  list("my-rooms", mine, link);
  list("other-rooms", others, link);
  document.getElementById("others").hidden = !others.length;
  list("people-list", people, (name) => [avatar(name), el("bdi", {}, name), name === me ? "(you)" : ""]);
  fill(document.getElementById("more"), count > people.length && `and ${count - people.length} more`);
  fill(document.getElementById("count"), `${Math.max(count, people.length)} here`);
}
