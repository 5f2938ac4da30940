// The box one writes in: drafts per room, replies and edits, the slash menu, and what is left of the allowed length.
import { el } from "./el.js";
import { commands } from "./commands.js";

const TYPING_MS = 3000;

export function composer(form, { maxBytes, onSend, onTyping, onLast }) {
  const box = form.elements.message;
  const [menu, about, left] = ["menu", "about", "left"].map((id) => document.getElementById(id));
  const encoder = new TextEncoder();
  let key, task, chosen = 0, typedAt = 0; // task: { edit: line } or { reply: line }

  function look() {
    const over = encoder.encode(box.value.trim()).length - maxBytes;
    form.elements.send.disabled = !box.value.trim() || over > 0;
    left.textContent = over > -200 ? (over > 0 ? `${over} too long` : `${-over} left`) : "";
    left.className = over > 0 ? "bad" : "";
    if (!CSS.supports("field-sizing", "content")) {
      box.style.height = "auto";
      box.style.height = `${box.scrollHeight}px`;
    }
    offer();
  }

  function offer() {
    const found = commands(box.value);
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    menu.hidden = !found.length;
    menu.replaceChildren(...found.map(([name, example, what], index) =>
      el("li", { id: `option${index}`, role: "option", ariaSelected: index === chosen, onclick: () => take(name) },
        el("b", {}, name), ` ${example} `, el("span", {}, what))));
    if (found.length) box.setAttribute("aria-activedescendant", `option${chosen}`);
    else box.removeAttribute("aria-activedescendant");
  }

  function take(name) {
    write(`${name} `);
    box.focus();
  }

  function write(text) {
    box.value = text;
    keep();
  }

  function keep() {
    if (!task?.edit) localStorage[box.value ? "setItem" : "removeItem"](key, box.value);
    look();
  }

  function begin(next) {
    task = next;
    const line = task?.edit ?? task?.reply;
    about.hidden = !task;
    about.firstElementChild.textContent = task ? `${task.edit ? "Editing" : `Replying to \u2068${line.from}\u2069`}: ${line.message}` : "";
    box.value = task?.edit ? line.message : localStorage.getItem(key) ?? "";
    look();
    if (task) box.focus();
  }

  function submit() {
    const text = box.value.trim();
    if (form.elements.send.disabled) return;
    const done = task;
    if (!task?.edit) write("");
    begin(null);
    onSend(text, done);
    typedAt = 0;
  }

  box.addEventListener("input", () => {
    keep();
    if (task?.edit || box.value.startsWith("/") || !box.value.trim() || Date.now() - typedAt < TYPING_MS) return;
    typedAt = Date.now();
    onTyping();
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is still at work
    const { length } = menu.children;
    const does = {
      Enter: () => event.shiftKey || (length && commands(box.value)[chosen][0] !== box.value ? take(commands(box.value)[chosen][0]) : submit()),
      Tab: () => !length || event.shiftKey || take(commands(box.value)[chosen][0]),
      ArrowDown: () => !length || ((chosen = (chosen + 1) % length), offer()),
      ArrowUp: () => length ? ((chosen = (chosen + length - 1) % length), offer()) : box.value !== "" || onLast(),
      Escape: () => !task || begin(null),
    }[event.key];
    if (does && does() !== true) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    box.focus();
  });
  about.lastElementChild.addEventListener("click", () => (begin(null), box.focus()));

  return {
    begin,
    open(room) {
      key = `chat.draft.${room}`;
      begin(null);
    },
  };
}
