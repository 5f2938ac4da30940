// The lists beside the conversation: my rooms with what is unread, and who is here.
import { avatar, byId, el, fill } from "./el.js";

export function sidebar(rooms, people, count, me) {
	const list = (id, items, build) => fill(id, JSON.stringify(items), () => items.map((item) => el("li", {}, ...build(item))));
	const focused = document.activeElement.hash;
	list("my-rooms", rooms, ({ name, unread, current }) => {
		const badge = unread ? [el("span", { className: "badge" }, unread, el("i", {}, " unread"))] : [];
		return [el("a", { href: `#${name}`, ariaCurrent: current && "page" }, el("bdi", {}, name), ...badge)];
	});
	if (focused) [...byId("my-rooms").querySelectorAll("a")].find(({ hash }) => hash === focused)?.focus();
	list("people-list", people, (name) => [avatar(name), el("bdi", {}, name), name === me ? "(you)" : ""]);
	const more = count - people.length;
	fill("more", more > 0 && `and ${more} more`);
	fill("count", `${Math.max(count, people.length)} here`);
}
