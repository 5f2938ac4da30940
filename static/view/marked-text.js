// The elements of a text with markup. Loaded with the first message that has some.
import { createElement } from "./dom.js";
import { parseMarkup } from "./markup.js";
import { createLink } from "./message.js";

const TAGS = { strong: "strong", emphasis: "em", strike: "s", code: "code" };
const COPIED_MS = 2000;

/** Returns the elements of a text; `names` has who is mentioned, `me` is who reads it. */
export function buildText(text, names, me) {
  const blocks = parseMarkup(text, names);
  const [first] = blocks;
  if (blocks.length === 1 && first.kind === "paragraph") return first.children.map((node) => buildNode(node, me));
  return buildBlocks(blocks, me);
}

function buildBlocks(blocks, me) {
  return blocks.map((block) => {
    if (block.kind === "code") return buildCode(block);
    if (block.kind === "quote") return createElement("blockquote", {}, ...buildBlocks(block.blocks, me));
    if (block.kind === "list") return buildList(block, me);
    return createElement("div", {}, ...block.children.map((node) => buildNode(node, me)));
  });
}

// The markers are text: they are copied and read as they were typed.
function buildList({ items }, me) {
  const children = items.map(({ marker, children: nodes, list }) => {
    const text = createElement("div", {}, ...nodes.map((node) => buildNode(node, me)));
    const mark = createElement("span", { className: "marker" }, `${marker} `);
    const item = createElement("li", {}, mark, text);
    if (list) text.append(buildList(list, me));
    return item;
  });
  return createElement("ul", {}, ...children);
}

function buildCode({ language, text }) {
  const code = createElement("code", {}, text);
  const button = createElement("button", {}, "Copy");
  button.addEventListener("click", () => copyCode(code, button));
  const head = createElement("div", { className: "code-head" }, createElement("span", {}, language), button);
  // Wide lines are scrolled with the keyboard too.
  const scroller = createElement("pre", { tabIndex: 0, role: "group", ariaLabel: "Code" }, code);
  return createElement("div", { className: "code-block", dir: "ltr" }, head, scroller);
}

async function copyCode(code, button) {
  let result = "Copied";
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection()?.selectAllChildren(code); // no secure context, or no permission
    result = "Selected";
  }
  button.textContent = result;
  setTimeout(() => {
    button.textContent = "Copy";
  }, COPIED_MS);
}

function buildNode(node, me) {
  const { kind, text, children = [], user } = node;
  if (kind === "link") return createLink(node);
  if (kind === "mention") return createElement("span", { className: user === me ? "mention me" : "mention" }, text);
  if (kind === "text") return text;
  return createElement(TAGS[kind], {}, ...(text ? [text] : children.map((child) => buildNode(child, me))));
}
