// The lists beside the conversation: my rooms with what is unread, other rooms, who is here.
import { avatar, byId, el, fill } from "./el.js";

export function sidebar({ mine, others, people, count, me }) {
	const list = (id, items, build) => {
		const focused = byId(id).contains(document.activeElement) && document.activeElement.hash;
		fill(byId(id), items.length && JSON.stringify(items), () => items.map((item) => el("li", {}, ...build(item))));
		if (focused) [...byId(id).querySelectorAll("a")].find(({ hash }) => hash === focused)?.focus();
	};
	const link = ({ room, count, what, current }) => {
		const badge = count ? [el("span", { className: "badge" }, count, el("i", {}, what))] : [];
		return [el("a", { href: `#${room}`, ariaCurrent: current }, el("bdi", {}, room), ...badge)];
	};
	list("my-rooms", mine, link);
	list("other-rooms", others, link);
	list("people-list", people, (name) => [avatar(name), el("bdi", {}, name), name === me ? "(you)" : ""]);
	const more = count - people.length;
	fill(byId("more"), more > 0 && `and ${more} more`);
	fill(byId("count"), `${Math.max(count, people.length)} here`);
}
