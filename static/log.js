// The scrolling conversation: it follows the live edge when the reader is there; otherwise what they read stays put.
const EDGE_PX = 40, NEAR_TOP_PX = 600;

export function log(root, tools, { paint, onScroll, onLend }) {
	const list = root.firstElementChild;
	const nodes = new Map(); // row key → node
	let following = true, settled;

	const toEnd = () => (root.scrollTop = root.scrollHeight);
	const box = (node) => node.getBoundingClientRect();

	// `quiet` announces nothing: history, or another room.
	function draw(rows, quiet) {
		const anchor = [...list.children].find((node) => box(node).bottom > box(root).top);
		const before = anchor && box(anchor).top;
		const gone = new Set(nodes.keys());
		let next = list.firstChild;
		if (quiet) root.ariaBusy = true;
		for (const row of rows) {
			const node = paint(row, nodes.get(row.key));
			node.row = row;
			nodes.set(row.key, node);
			gone.delete(row.key);
			if (node === next) next = next.nextSibling;
			else list.insertBefore(node, next);
		}
		for (const key of gone) nodes.get(key).remove(), nodes.delete(key);
		if (following) toEnd();
		else if (anchor?.isConnected) root.scrollTop += box(anchor).top - before;
		clearTimeout(settled);
		settled = setTimeout(() => (root.ariaBusy = false), 100);
	}

	// To the live edge, or to where the unread part begins when it is longer than the window.
	function settle() {
		toEnd();
		const mark = nodes.get("unread");
		if (mark) root.scrollTop = Math.min(root.scrollTop, mark.offsetTop - 80);
		scrolled();
	}

	function scrolled() {
		following = root.scrollHeight - root.scrollTop - root.clientHeight < EDGE_PX;
		onScroll(root.scrollTop < NEAR_TOP_PX);
	}

	// One set of message actions, lent to the message at hand.
	function lend({ target, type }) {
		const node = target.closest(".line");
		if (!node || node === tools.parentNode || (type === "pointerover" && tools.matches(":focus-within"))) return;
		tools.hidden = !onLend(node.row, tools.children);
		node.append(tools);
	}

	root.onscroll = scrolled;
	root.onpointerover = lend;
	root.addEventListener("focusin", lend);
	root.onkeydown = (event) => {
		const step = { ArrowUp: "previousSibling", ArrowDown: "nextSibling" }[event.key];
		const from = event.target.closest(".line");
		if (!step || (event.target !== root && event.target !== from)) return;
		let to = from ? from[step] : list.lastChild;
		while (to && !to.matches(".line")) to = to[step];
		to?.focus();
		event.preventDefault();
	};
	new ResizeObserver(() => following && toEnd()).observe(root);

	return {
		draw, settle, toEnd,
		show: (id) => [...nodes.values()].find((node) => node.row.line?.id === id)?.focus(),
		isFollowing: () => following,
	};
}
