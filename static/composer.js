// The box one writes in: a draft per room, replies and edits, the slash menu, what is left of the allowed length.
import { commands } from "./commands.js";
import { byId, el, fill } from "./el.js";

const TYPING_MS = 3000;

export function composer(form, { maxBytes, onSend, onTyping, onLast }) {
	const { message: box, send } = form.elements;
	const [label, cancel] = byId("about").children;
	let draft, task, found = [], chosen = 0, typedAt = 0; // task: { edit: line } or { reply: line }

	function show() {
		const left = maxBytes - new TextEncoder().encode(box.value.trim()).length;
		send.disabled = !box.value.trim() || left < 0;
		fill(byId("left"), left < 0 ? `${-left} bytes too long` : left < 200 && `${left} bytes left`);
		box.rows = box.value.split("\n").length; // where `field-sizing` is unknown
		found = commands(box.value);
		choose(0);
	}

	function choose(index) {
		chosen = (index + found.length) % found.length;
		fill(byId("menu"), found.length && box.value + chosen, () => found.map(([name, example, what], place) =>
			el("li", { id: `command-${place}`, role: "option", ariaSelected: place === chosen, onclick: () => write(`${name} `) },
				el("b", {}, name), ` ${example} `, el("span", {}, what))));
		box.setAttribute("aria-activedescendant", found.length ? `command-${chosen}` : "");
	}

	function write(text) {
		box.value = text;
		if (!task?.edit) localStorage[draft] = text;
		show();
		box.focus();
	}

	function begin(next) {
		task = next;
		const line = task?.edit ?? task?.reply;
		byId("about").hidden = !task;
		fill(label, line && `${task.edit ? "Editing" : `Reply to \u2068${line.from}\u2069`}: ${line.message}`);
		box.value = task?.edit?.message ?? localStorage[draft] ?? "";
		show();
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

	const pick = () => found.length && found[chosen][0] !== box.value && (write(`${found[chosen][0]} `), true);
	const step = (by) => found.length && (choose(chosen + by), true);
	const keys = {
		Enter: ({ shiftKey }) => !shiftKey && (pick() || submit(), true),
		Tab: ({ shiftKey }) => !shiftKey && pick(),
		ArrowDown: () => step(1),
		ArrowUp: () => step(-1) || (!box.value && onLast()),
		Escape: () => task && begin(),
	};

	box.onkeydown = (event) => {
		if (event.isComposing || event.keyCode === 229) return; // an input method is still at work
		if (keys[event.key]?.(event)) event.preventDefault();
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
