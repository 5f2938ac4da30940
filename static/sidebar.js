// The lists beside the conversation: my rooms with what is unread, and who is here.
import { avatar, $, el, fill } from "./el.js";

export function sidebar(rooms, people, count, me) {
	const list = (id, items, build) => fill(id, JSON.stringify(items), () => items.map((item) => el("li", {}, ...build(item))));
	const { parentNode, hash } = document.activeElement;
	list("my-rooms", rooms, ({ name, count, current }) => {
		const badge = count ? [el("span", { className: "badge" }, count, el("i", {}, " unread"))] : [];
		return [el("a", { href: `#${name}`, ariaCurrent: current && "page" }, el("bdi", {}, name), ...badge)];
	});
	if (!parentNode.isConnected) $("my-rooms").querySelector(`[href="${hash}"]`)?.focus();
	list("people-list", people, (name) => [avatar(name), el("bdi", {}, name), name === me ? "(you)" : ""]);
	fill("count", `${Math.max(count, people.length)} here`);
}
