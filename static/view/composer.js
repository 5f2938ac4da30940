// The box one writes in: drafts, replies, edits, the slash menu.
import { $, el, fill } from "./el.js";

const TYPING_MS = 3000;
const COMMANDS = "/help, /join room, /leave, /me waves, /who, /rooms, /remind 10m tea, /reminders, /forget 1".split(", ");

export const commands = (text) => COMMANDS.filter((usage) => /^\/\w*$/.test(text) && usage.startsWith(text.toLowerCase()));

export function composer({ maxBytes, onSend, onTyping, onLast }) {
	const box = $("message"), send = $("send");
	const [label, cancel] = $("about").children;
	let draft, task, line, found, chosen, typedAt = 0; // task: "edit" or "reply" to the line

	function write(text) {
		const left = maxBytes - new TextEncoder().encode(text.trim()).length;
		if (box.value !== text) box.value = text;
		if (task !== "edit") localStorage[draft] = text;
		send.disabled = !text.trim() || left < 0;
		fill("left", left < 0 ? `${-left} bytes too long` : left < 200 && `${left} bytes left`);
		box.rows = text.split("\n").length; // without `field-sizing`
		found = commands(text);
		choose(0);
	}

	function choose(index) {
		chosen = (index + found.length) % found.length;
		fill("menu", found.length && box.value + chosen, () => found.map((usage, place) =>
			el("li", { id: `option${place}`, role: "option", ariaSelected: place === chosen, onclick: () => pick(usage) }, usage)));
		box.setAttribute("aria-activedescendant", found.length ? `option${chosen}` : "");
	}

	function pick(usage) {
		write(`${usage.split(" ")[0]} `);
		box.focus();
		return true;
	}

	function begin(...next) {
		[task, line] = next;
		fill(label, task && `${task === "edit" ? "Editing" : `Reply to \u2068${line.from}\u2069`}: ${line.message}`);
		write(task === "edit" ? line.message : localStorage[draft] ?? "");
		if (task) box.focus();
	}

	function submit() {
		const done = [box.value.trim(), task, line];
		if (send.disabled) return;
		if (task !== "edit") write("");
		begin();
		typedAt = 0;
		onSend(...done);
	}

	const complete = () => found.length && found[chosen] !== box.value && pick(found[chosen]);
	const step = (by) => found.length && (choose(chosen + by), true);
	const keys = {
		Enter: () => complete() || submit() || true,
		Tab: complete,
		ArrowDown: () => step(1),
		ArrowUp: () => step(-1) || (!box.value && onLast()),
		Escape: () => task && begin(),
	};

	box.onkeydown = (event) => {
		if (event.isComposing || event.keyCode === 229 || event.shiftKey) return; // 229: composing
		if (keys[event.key]?.()) event.preventDefault();
	};
	box.oninput = () => {
		write(box.value);
		if (send.disabled || box.value[0] === "/" || task === "edit" || Date.now() - typedAt < TYPING_MS) return;
		typedAt = Date.now();
		onTyping();
	};
	send.onclick = submit;
	cancel.onclick = () => begin();

	return {
		begin,
		open(room) {
			draft = `chat.draft.${room}`;
			begin();
		},
	};
}
