// The scrolling conversation: follows the live edge only when the reader is there; otherwise what they read stays put.
const EDGE_PX = 40, NEAR_TOP_PX = 600;

export function log(root, { paint, onScroll, onLend }) {
  const list = root.firstElementChild;
  const tools = document.getElementById("tools");
  const nodes = new Map(); // row key → node
  let following = true, settled;

  const toEnd = () => (root.scrollTop = root.scrollHeight);
  const topOf = (node) => node.getBoundingClientRect().top;

  // `quiet` announces nothing: history, or another room.
  function draw(rows, quiet) {
    const edge = topOf(root);
    const anchor = following ? null : [...list.children].find((node) => node.getBoundingClientRect().bottom > edge);
    const before = anchor && topOf(anchor);
    const gone = new Set(nodes.keys());
    let next = list.firstElementChild;
    if (quiet) root.ariaBusy = "true";
    for (const row of rows) {
      const node = paint(row, nodes.get(row.key));
      node.row = row;
      nodes.set(row.key, node);
      gone.delete(row.key);
      if (node === next) next = next.nextElementSibling;
      else list.insertBefore(node, next);
    }
    for (const key of gone) nodes.get(key).remove(), nodes.delete(key);
    if (following) toEnd();
    else if (anchor?.isConnected) root.scrollTop += topOf(anchor) - before;
    clearTimeout(settled);
    settled = setTimeout(() => (root.ariaBusy = "false"), 100);
  }

  // To the live edge, or to where the unread part begins when that is further up than the window is high.
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

  root.addEventListener("scroll", scrolled);
  for (const name of ["pointerover", "focusin"]) root.addEventListener(name, lend);
  root.addEventListener("keydown", (event) => {
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    const from = event.target.closest(".line");
    if (!step || (event.target !== root && event.target !== from)) return;
    let to = from ? from[step] : list.lastElementChild;
    while (to && !to.matches(".line")) to = to[step];
    to?.focus();
    event.preventDefault();
  });
  new ResizeObserver(() => following && toEnd()).observe(root);

  return {
    draw, settle, toEnd,
    show: (id) => [...nodes.values()].find((node) => node.row.line?.id === id)?.focus(),
    get following() { return following; },
  };
}
