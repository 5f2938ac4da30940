// The scrolling conversation: it follows its end, unless the reader is further up.
import { paint } from "./line.js";

const EDGE_PX = 40, NEAR_TOP_PX = 600, ANNOUNCED = 3;

export function log(root, tools, onScroll) {
	const list = root.firstElementChild;
	const nodes = new Map();
	let following = true;

	const toEnd = () => (root.scrollTop = root.scrollHeight);
	const box = (node) => node.getBoundingClientRect();

	function draw(rows, settling) {
		const anchor = [...list.children].find((node) => box(node).bottom > box(root).top);
		const before = anchor && box(anchor).top;
		const keys = new Set(rows.map(({ key }) => key));
		root.ariaBusy = rows.filter(({ key }) => !nodes.has(key)).length > ANNOUNCED; // more is history
		for (const [key, node] of nodes) if (!keys.has(key)) node.remove(nodes.delete(key));
		let next = list.firstChild;
		for (const row of rows) {
			const node = paint(row, nodes.get(row.key));
			node.row = row;
			nodes.set(row.key, node);
			if (node === next) next = next.nextSibling;
			else list.insertBefore(node, next);
		}
		if (settling) settle();
		else if (following) toEnd();
		else if (anchor?.isConnected) root.scrollTop += box(anchor).top - before;
		setTimeout(() => (root.ariaBusy = false), 100);
	}

	// To the end, or to where a long unread part begins.
	function settle() {
		toEnd();
		nodes.get("unread")?.scrollIntoView({ block: "nearest" });
		scrolled();
	}

	function scrolled() {
		following = root.scrollHeight - root.scrollTop - root.clientHeight < EDGE_PX;
		onScroll(root.scrollTop < NEAR_TOP_PX);
	}

	// One set of actions, lent to the message at hand.
	function lend({ target }) {
		const node = target.closest(".line");
		if (!node || node === tools.parentNode || tools.querySelector(":focus-visible")) return;
		tools.querySelector(".sure")?.classList.remove("sure");
		node.append(tools);
	}

	root.onscroll = scrolled;
	root.onpointerover = lend;
	root.addEventListener("focusin", lend);
	root.onkeydown = (event) => {
		const lines = [root, ...root.querySelectorAll(".line")], at = lines.indexOf(event.target);
		const to = { ArrowUp: lines.at(at - 1), ArrowDown: lines[at + 1] }[event.key];
		if (at < 0 || !to) return;
		to.focus();
		event.preventDefault();
	};
	new ResizeObserver(() => following && toEnd()).observe(root);

	return { draw, scrolled, toEnd, stay: () => (following = false), isFollowing: () => following };
}
