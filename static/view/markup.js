// The small markup of messages: a text becomes a tree. docs/architecture.md shows it; a mark without its pair is text.
import { findMentions } from "../client/mentions.js";
import { splitLinks } from "./format.js";

const MAX_QUOTE_DEPTH = 2;
const MAX_LIST_DEPTH = 3;
const FENCE = "```";
const LANGUAGE = /^[\w+#.-]{0,20}\s*$/;
const QUOTE_LINE = /^>(?: |$)/;
const LIST_LINE = /^( {0,12})(-|\d{1,9}[.)])[ \t]+(?=\S)/;
const KINDS = { "*": "strong", "**": "strong", "***": "strong", _: "emphasis", "~": "strike", "~~": "strike" };
// No mark begins after these, and none ends before them: letters, unless their script is written without spaces, and what
// stands in addresses, paths and code.
const WORD = /[\p{N}/\\=@#&$%+]|(?!\p{scx=Han}|\p{scx=Hira}|\p{scx=Kana}|\p{scx=Thai})\p{L}/u;

/**
 * Returns the blocks of a text: `{ kind: "paragraph", children }`, `{ kind: "code", language, text }`,
 * `{ kind: "quote", blocks }` and `{ kind: "list", items }`, where an item has a `marker`, `children` and, if needed, a `list`.
 *
 * Children are `{ kind: "text" | "code" | "link" | "mention", text }`, a link with `href`, a mention with `user`; or
 * `{ kind: "strong" | "emphasis" | "strike", children }`. `names` has who is mentioned: names by id.
 * @param {string} text
 * @param {Map<string, string>} [names]
 * @returns {any[]}
 */
export function parseMarkup(text, names = new Map()) {
  return parseBlocks(text.split("\n"), names, 0);
}

function parseBlocks(lines, names, depth) {
  const blocks = [];
  let plain = [];
  let hasFences = true;
  let index = 0;
  const add = (block, count) => {
    addParagraph(blocks, plain, names);
    plain = [];
    blocks.push(block);
    index += count;
  };
  while (index < lines.length) {
    const line = lines[index];
    const fence = hasFences && line.startsWith(FENCE) ? readFence(lines, index) : undefined;
    hasFences &&= fence !== null;
    const quoted = depth < MAX_QUOTE_DEPTH ? countLines(lines, index, QUOTE_LINE) : 0;
    const listed = countLines(lines, index, LIST_LINE);
    if (fence) {
      add(fence.block, fence.count);
    } else if (quoted) {
      const inner = lines.slice(index, index + quoted).map((one) => one.replace(QUOTE_LINE, ""));
      add({ kind: "quote", blocks: parseBlocks(inner, names, depth + 1) }, quoted);
    } else if (listed) {
      const entries = lines.slice(index, index + listed).map((one) => readListLine(one, names));
      add(nestList(entries, 1), listed);
    } else {
      plain.push(line);
      index += 1;
    }
  }
  addParagraph(blocks, plain, names, true);
  return blocks;
}

// A block of its own has space around it: the empty lines beside it go.
function addParagraph(blocks, lines, names, isLast = false) {
  const isBlank = (line) => !line.trim();
  let start = 0;
  let end = lines.length;
  if (blocks.length) while (start < end && isBlank(lines[start])) start += 1;
  if (!isLast) while (start < end && isBlank(lines[end - 1])) end -= 1;
  if (start === end) return;
  const parsed = lines.slice(start, end).map((line) => parseLine(line, names));
  const children = parsed.flatMap((line, index) => (index ? [{ kind: "text", text: "\n" }, ...line] : line));
  blocks.push({ kind: "paragraph", children: mergeTexts(children) });
}

function countLines(lines, from, pattern) {
  let end = from;
  while (end < lines.length && pattern.test(lines[end])) end += 1;
  return end - from;
}

// Returns null when no line further on closes a fence: then none can be opened further on. Text may follow the first fence
// and stand before the last one; undefined: there is nothing between them.
function readFence(lines, from) {
  const first = lines[from].slice(FENCE.length);
  if (first.includes(FENCE)) return undefined;
  const last = findFrom(lines, from + 1, (line) => line.trimEnd().endsWith(FENCE));
  if (last < 0) return null;
  const isLanguage = LANGUAGE.test(first);
  const end = lines[last].trimEnd().slice(0, -FENCE.length);
  const inner = lines.slice(from + 1, last);
  const text = [...(isLanguage ? [] : [first]), ...inner, ...(end.trim() ? [end] : [])].join("\n");
  const block = { kind: "code", language: isLanguage ? first.trim() : "", text };
  return text.trim() ? { block, count: last - from + 1 } : undefined;
}

function findFrom(list, from, isFound) {
  for (let index = from; index < list.length; index++) if (isFound(list[index])) return index;
  return -1;
}

function readListLine(line, names) {
  const [mark, { length: indent }, marker] = LIST_LINE.exec(line) ?? ["", "", ""];
  return { indent, marker: /\d/.test(marker) ? marker : "•", children: parseLine(line.slice(mark.length), names) };
}

function nestList(entries, depth) {
  const items = [];
  for (const entry of entries) {
    if (items.length && depth < MAX_LIST_DEPTH && entry.indent > entries[0].indent + 1) items.at(-1).nested.push(entry);
    else items.push({ ...entry, nested: [] });
  }
  return {
    kind: "list",
    items: items.map(({ marker, children, nested }) => {
      return nested.length ? { marker, children, list: nestList(nested, depth + 1) } : { marker, children };
    }),
  };
}

// Code first, then links, then mentions: what they have in them is no mark.
function parseLine(line, names) {
  const pieces = [];
  let position = 0;
  const addText = (text) => {
    pieces.push(...splitMarks(line, position, position + text.length));
    position += text.length;
  };
  const addNode = (node, length = node.text.length) => {
    pieces.push(node);
    position += length;
  };
  for (const code of splitCode(line)) {
    if (code.kind) addNode({ kind: "code", text: code.text }, code.length);
    else {
      for (const link of splitLinks(code.text)) {
        if (link.href) addNode({ kind: "link", ...link });
        else addMentions(link.text, names, addText, addNode);
      }
    }
  }
  return joinPairs(pieces);
}

function addMentions(text, names, addText, addNode) {
  let end = 0;
  for (const mention of names.size ? findMentions(text, names) : []) {
    addText(text.slice(end, mention.start));
    addNode({ kind: "mention", text: text.slice(mention.start, mention.end), user: mention.user });
    end = mention.end;
  }
  addText(text.slice(end));
}

// Code begins with some backticks and ends with the next ones of the same number.
function splitCode(line) {
  const runs = [...line.matchAll(/`+/g)];
  const withoutPair = new Set();
  const pieces = [];
  let position = 0;
  for (let index = 0; index < runs.length; index++) {
    const { index: start } = runs[index];
    const { length } = runs[index][0];
    const last = withoutPair.has(length) ? -1 : findFrom(runs, index + 1, ([run]) => run.length === length);
    if (last < 0) {
      withoutPair.add(length); // else every one of many would look for it
      continue;
    }
    const end = runs[last].index;
    pieces.push({ text: line.slice(position, start) });
    position = end + length;
    pieces.push({ kind: "code", text: trimSpace(line.slice(start + length, end)), length: position - start });
    index = last;
  }
  return [...pieces, { text: line.slice(position) }];
}

// One space on both sides is there for a backtick beside it.
function trimSpace(code) {
  return code.startsWith(" ") && code.endsWith(" ") && code.trim() ? code.slice(1, -1) : code;
}

// Returns texts and marks of a part of the line.
function splitMarks(line, from, until) {
  const pieces = [];
  let position = from;
  for (const { 0: mark, index } of line.slice(from, until).matchAll(/([*_~])\1*/g)) {
    const start = from + index;
    const end = start + mark.length;
    const [before, after] = [line[start - 1] ?? " ", line[end] ?? " "];
    const canOpen = /\S/.test(after) && !WORD.test(before);
    const canClose = /\S/.test(before) && !WORD.test(after);
    if (!(mark in KINDS) || !(canOpen || canClose)) continue;
    pieces.push({ kind: "text", text: line.slice(position, start) }, { mark, canOpen, canClose });
    position = end;
  }
  return [...pieces, { kind: "text", text: line.slice(position, until) }];
}

// A mark ends at the next one of its kind. Each may be open once, so there are at most as many levels as marks.
function joinPairs(pieces) {
  /** @type {any[]} */
  const open = [{ mark: "", children: [] }];
  const closeAsText = (mark, text) => {
    const { children } = open.pop();
    open.at(-1).children.push({ kind: "text", text: mark }, ...children, { kind: "text", text });
  };
  const closeDownTo = (length) => {
    while (open.length > length) closeAsText(open.at(-1).mark, "");
  };
  for (const piece of pieces) {
    const { mark, canOpen, canClose } = piece;
    const level = mark ? open.findLastIndex((one) => one.mark === mark) : -1;
    if (level > 0 && canClose) {
      closeDownTo(level + 1);
      const { children } = open.pop();
      open.at(-1).children.push({ kind: KINDS[mark], children: mergeTexts(children) });
    } else if (canOpen) {
      if (level > 0) closeDownTo(level);
      open.push({ mark, children: [] });
    } else {
      open.at(-1).children.push(mark ? { kind: "text", text: mark } : piece);
    }
  }
  closeDownTo(1);
  return mergeTexts(open[0].children);
}

function mergeTexts(nodes) {
  /** @type {any[]} */
  const merged = [];
  for (const node of nodes) {
    const last = merged.at(-1);
    if (node.kind === "text" && last?.kind === "text") {
      merged[merged.length - 1] = { kind: "text", text: last.text + node.text };
    } else if (node.kind !== "text" || node.text) {
      merged.push(node);
    }
  }
  return merged;
}
