// The box one writes in: a draft per room, replies and edits, the slash menu, what is left of the allowed length.
import { commands } from "./commands.js";
import { byId, el, fill } from "./el.js";

const TYPING_MS = 3000;

export function composer(form, { maxBytes, onSend, onTyping, onLast }) {
	const { message: box, send } = form.elements;
	const [label, cancel] = byId("about").children;
	let draft, task, found, chosen, typedAt = 0; // task: { edit: line } or { reply: line }

	function write(text) {
		const left = maxBytes - new TextEncoder().encode(text.trim()).length;
		if (box.value !== text) box.value = text;
		if (!task?.edit) localStorage[draft] = text;
		send.disabled = !text.trim() || left < 0;
		fill("left", left < 0 ? `${-left} bytes too long` : left < 200 && `${left} bytes left`);
		box.rows = text.split("\n").length; // where `field-sizing` is unknown
		found = commands(text);
		choose(0);
	}

	function choose(index) {
		chosen = (index + found.length) % found.length;
		fill("menu", found.length && box.value + chosen, () => found.map(([name, example, what], place) =>
			el("li", { id: `command-${place}`, role: "option", ariaSelected: place === chosen, onclick: () => pick(name) },
				el("b", {}, name), ` ${example} `, el("span", {}, what))));
		box.setAttribute("aria-activedescendant", found.length ? `command-${chosen}` : "");
	}

	function pick(name) {
		write(`${name} `);
		box.focus();
	}

	function begin(next) {
		task = next;
		const line = task?.edit ?? task?.reply;
		byId("about").hidden = !task;
		fill(label, line && `${task.edit ? "Editing" : `Reply to \u2068${line.from}\u2069`}: ${line.message}`);
		write(task?.edit?.message ?? localStorage[draft] ?? "");
		if (task) box.focus();
	}

	function submit() {
		if (send.disabled) return;
		const text = box.value.trim(), done = task;
		if (!task?.edit) write("");
		begin();
		typedAt = 0;
		onSend(text, done);
	}

	// Each says whether the key was meant for it.
	const complete = () => found.length && found[chosen][0] !== box.value && (pick(found[chosen][0]), true);
	const step = (by) => found.length && (choose(chosen + by), true);
	const keys = {
		Enter: () => complete() || (submit(), true),
		Tab: complete,
		ArrowDown: () => step(1),
		ArrowUp: () => step(-1) || (!box.value && onLast()),
		Escape: () => task && begin(),
	};

	box.onkeydown = (event) => {
		if (event.isComposing || event.keyCode === 229 || event.shiftKey) return; // 229: an input method is at work
		if (keys[event.key]?.()) event.preventDefault();
	};
	box.oninput = () => {
		write(box.value);
		if (send.disabled || box.value.startsWith("/") || task?.edit || Date.now() - typedAt < TYPING_MS) return;
		typedAt = Date.now();
		onTyping();
	};
	form.onsubmit = (event) => {
		event.preventDefault();
		submit();
	};
	cancel.onclick = () => begin();

	return {
		begin,
		open(room) {
			draft = `chat.draft.${room}`;
			begin();
		},
	};
}
