// The scrolling conversation: reconciles rows with their nodes, follows the live edge only when the reader is there,
// and otherwise keeps what they read exactly where it is.
const EDGE_PX = 40, NEAR_TOP_PX = 600;

export function log(root, { paint, onScroll, onAct }) {
  const list = root.firstElementChild;
  const tools = document.getElementById("tools");
  const nodes = new Map();
  let following = true, settled;

  const toEnd = () => (root.scrollTop = root.scrollHeight);
  const firstVisible = () => {
    const { top } = root.getBoundingClientRect();
    return [...list.children].find((node) => node.getBoundingClientRect().bottom > top);
  };

  // `quiet` inserts without announcing: history, or another room.
  function draw(rows, quiet) {
    const anchor = following ? null : firstVisible();
    const top = anchor?.getBoundingClientRect().top;
    if (quiet) root.ariaBusy = "true";
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, node] of nodes) if (!keys.has(key)) nodes.delete(key), node.remove();
    let next = list.firstElementChild;
    for (const row of rows) {
      const node = paint(row, nodes.get(row.key));
      nodes.set(row.key, node);
      node.row = row;
      if (node === next) next = next.nextElementSibling;
      else list.insertBefore(node, next);
    }
    if (following) toEnd();
    else if (anchor?.isConnected) root.scrollTop += anchor.getBoundingClientRect().top - top;
    clearTimeout(settled);
    settled = setTimeout(() => (root.ariaBusy = "false"), 100);
  }

  // Goes to the live edge, or to where the unread part begins when it is longer than the window.
  function settle() {
    const mark = nodes.get("unread");
    toEnd();
    if (mark) root.scrollTop = Math.min(root.scrollTop, mark.offsetTop - root.clientHeight / 4);
    scrolled();
  }

  function scrolled() {
    following = root.scrollHeight - root.scrollTop - root.clientHeight < EDGE_PX;
    onScroll({ following, nearTop: root.scrollTop < NEAR_TOP_PX });
  }

  // One set of message actions, lent to the message in hand.
  function lend({ target, type }) {
    const node = target.closest(".line");
    if (!node || node === tools.parentNode || (type === "pointerover" && tools.matches(":focus-within"))) return;
    tools.hidden = !onAct("offer", node.row, tools);
    node.append(tools);
  }

  function keyed(event) {
    const { key, target } = event;
    const node = target.closest(".line");
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[key];
    if (!step || (target !== root && target !== node)) return;
    let to = node ? node[step] : list.lastElementChild;
    while (to && !to.matches(".line")) to = to[step] ?? null;
    to?.focus();
    event.preventDefault();
  }

  root.addEventListener("scroll", scrolled, { passive: true });
  root.addEventListener("keydown", keyed);
  for (const name of ["pointerover", "focusin", "click"]) root.addEventListener(name, lend);
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button) onAct(button.dataset.do, button.closest(".line").row, button);
  });
  new ResizeObserver(() => following && toEnd()).observe(root);

  return { draw, settle, toEnd, node: (key) => nodes.get(key), get following() { return following; } };
}
