// The lists beside the conversation: my rooms, the rooms of others, and who is here.
import { avatar, $, el, fill } from "./el.js";

export function sidebar(mine, others, room, me) {
	const people = [...new Set([me, ...[...room.people].sort()])];
	const list = (id, items, build) => fill(id, items.length && JSON.stringify(items), () =>
		items.map((item) => el("li", {}, ...build(item))));
	const link = (name, current, ...more) => [el("a", { id: `to ${name}`, href: `#${name}`, ariaCurrent: current }, el("bdi", {}, name), ...more)];
	const { id: focused } = document.activeElement;
	list("my-rooms", mine, ({ name, count, current }) =>
		link(name, current && "page", count ? el("span", { className: "badge" }, count, el("i", {}, " unread")) : ""));
	list("others", others, ({ room, count }) => link(room, false, el("small", {}, `${count} here`)));
	$(focused)?.focus();
	list("people-list", people, (name) => [avatar(name), el("bdi", {}, name), name === me ? "(you)" : ""]);
	fill("more", room.more && `and ${room.more} more`);
	fill("count", `${people.length + room.more} here`);
}
