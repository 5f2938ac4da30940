import assert from "node:assert/strict";
import test from "node:test";
import { cpuMilliseconds } from "../cpu.js";
import { parseMarkup } from "../../../static/view/markup.js";
import { createRandom } from "../client/random.js";

// A short form of the tree: strings are text, arrays begin with their kind.
const short = (nodes) =>
  nodes.map(({ kind, text, children, blocks, items, language, href, user }) => {
    if (kind === "text") return text;
    if (kind === "code" && language !== undefined) return ["block", language, text];
    if (kind === "link") return ["link", href];
    if (kind === "mention") return ["mention", user];
    if (kind === "list") return ["list", ...items.map(shortItem)];
    return [kind, ...short(children ?? blocks ?? [{ kind: "text", text }])];
  });
const shortItem = ({ marker, children, list }) => [marker, ...short(children), ...(list ? short([list]) : [])];
const blocksOf = (text, names) => short(parseMarkup(text, names));
// What one paragraph has.
const inline = (text, names) => {
  const blocks = blocksOf(text, names);
  assert.equal(blocks.length, 1, text);
  assert.equal(blocks[0][0], "paragraph", text);
  return blocks[0].slice(1);
};

for (const [text, expected] of [
  ["plain", ["plain"]],
  ["a *b* c", ["a ", ["strong", "b"], " c"]],
  ["**b**, ***c***", [["strong", "b"], ", ", ["strong", "c"]]],
  ["_a b_", [["emphasis", "a b"]]],
  ["~old~ ~~older~~", [["strike", "old"], " ", ["strike", "older"]]],
  ["*a _b ~c~_*", [["strong", "a ", ["emphasis", "b ", ["strike", "c"]]]]],
  ["_*x*_", [["emphasis", ["strong", "x"]]]],
  ["(*a*), “_b_”!", ["(", ["strong", "a"], "), “", ["emphasis", "b"], "”!"]],
  ["这是*重点*吗", ["这是", ["strong", "重点"], "吗"]],
  ["👍*yes*👍", ["👍", ["strong", "yes"], "👍"]],
  ["*a\nb*", ["*a\nb*"]],
  ["*a *b*", ["*a ", ["strong", "b"]]],
  ["*a _b* c_", [["strong", "a _b"], " c_"]],
]) {
  test(`emphasis in ${JSON.stringify(text)}`, () => assert.deepEqual(inline(text), expected));
}

for (const text of [
  "snake_case_name and __init__ and _private_var",
  "2 * 3 * 4 = 2*3*4",
  "¯\\_(ツ)_/¯",
  "*.py and *.js",
  "~5 or ~10, ~/a:~/b",
  "f(*args, **kwargs)",
  "/* x */ /*x*/",
  "int *a, *b; $_GET[_x",
  "****",
  "*not closed",
  "* no list",
  "n*m* and file_a_.",
  "a.example is no address, nor is www.",
  "``not closed`",
  "```not closed",
  "-no list",
  ">no quote",
]) {
  test(`nothing is marked in ${JSON.stringify(text)}`, () => assert.deepEqual(inline(text), [text]));
}

test("in code nothing is marked", () => {
  assert.deepEqual(inline("`*a* https://a.example @bo` *b*", new Map([["bo", "bo"]])), [
    ["code", "*a* https://a.example @bo"],
    " ",
    ["strong", "b"],
  ]);
  assert.deepEqual(inline("`` a`b ``"), [["code", "a`b"]]);
  assert.deepEqual(inline("```one line```"), [["code", "one line"]]);
});

for (const [text, expected] of [
  ["```\na  b\n\n*c*\n```", [["block", "", "a  b\n\n*c*"]]],
  ["```python\nx = 1\n```", [["block", "python", "x = 1"]]],
  ["```x = 1\ny = 2```", [["block", "", "x = 1\ny = 2"]]],
  [
    "see\n\n```\na\n```\n\nend",
    [
      ["paragraph", "see"],
      ["block", "", "a"],
      ["paragraph", "end"],
    ],
  ],
  ["```\nnot closed", [["paragraph", "```\nnot closed"]]],
  ["```\n```", [["paragraph", "```\n```"]]],
  [
    "> a\n> *b*\nc",
    [
      ["quote", ["paragraph", "a\n", ["strong", "b"]]],
      ["paragraph", "c"],
    ],
  ],
  ["> ```\n> a\n> ```", [["quote", ["block", "", "a"]]]],
  ["> > > deep", [["quote", ["quote", ["paragraph", "> deep"]]]]],
  ["- a\n- b", [["list", ["•", "a"], ["•", "b"]]]],
  ["1. a\n2) *b*", [["list", ["1.", "a"], ["2)", ["strong", "b"]]]]],
  [
    "- a\n  - b\n    - c\n      - d\n- e",
    [["list", ["•", "a", ["list", ["•", "b", ["list", ["•", "c"], ["•", "d"]]]]], ["•", "e"]]],
  ],
  [
    "to do:\n\n- a",
    [
      ["paragraph", "to do:"],
      ["list", ["•", "a"]],
    ],
  ],
]) {
  test(`the blocks of ${JSON.stringify(text)}`, () => assert.deepEqual(blocksOf(text), expected));
}

test("links and mentions stand in emphasis, and marks in them are theirs", () => {
  const names = new Map([["aad:1", "Ana_Maria_B"]]);

  assert.deepEqual(inline("*https://a.example/_x_/* www.a.example/b_c_d, ~@Ana_Maria_B~", names), [
    ["strong", ["link", "https://a.example/_x_/"]],
    " ",
    ["link", "https://www.a.example/b_c_d"],
    ", ",
    ["strike", ["mention", "aad:1"]],
  ]);
  assert.deepEqual(inline("@bo", new Map()), ["@bo"]);
});

// All text of a tree, and its greatest depth.
function measure(nodes, depth = 1) {
  let text = "";
  let deepest = depth;
  const add = (children) => {
    const inner = measure(children, depth + 1);
    deepest = Math.max(deepest, inner.deepest);
    text += inner.text;
  };
  for (const { text: own = "", marker = "", children = [], blocks = [], items = [], list } of nodes) {
    text += own + marker;
    for (const inner of [children, blocks, items, list ? [list] : []]) if (inner.length) add(inner);
  }
  return { text, deepest };
}

const PARTS = [
  "*",
  "_",
  "~",
  "**",
  "`",
  "``",
  "```",
  "\n",
  " ",
  "> ",
  "- ",
  "1. ",
  "  - ",
  "a",
  "é",
  "字",
  "👍🏽",
  "@bo",
  "(",
  ")",
  "/",
];
const MORE_PARTS = [
  "https://a.example/",
  "www.a.example",
  "\u202e",
  "<b>",
  "\t",
  "\\",
  "http://",
  "```js\n",
  "\n```\n",
];
const withoutMarks = (text) => text.replace(/[-*_~`>•\s]|js/g, "");

test("no text is lost and no tree is deep, whatever is typed", () => {
  const random = createRandom(11);
  const names = new Map([["bo", "bo"]]);
  for (let run = 0; run < 2000; run++) {
    const parts = [...PARTS, ...MORE_PARTS];
    const text = Array.from({ length: random() * 60 }, () => parts[Math.floor(random() * parts.length)]).join("");

    const { text: kept, deepest } = measure(parseMarkup(text, names));

    assert.equal(withoutMarks(kept), withoutMarks(text), JSON.stringify(text));
    assert.ok(deepest <= 16, `${deepest} levels of ${JSON.stringify(text)}`);
  }
});

test("a text without marks is one paragraph with the text as it is", () => {
  const text = "  a  b\n\n\tc <b>\n";

  assert.deepEqual(parseMarkup(text), [{ kind: "paragraph", children: [{ kind: "text", text }] }]);
});

// A parser that takes a multiple of the length would need seconds here.
test("no hostile text of 4096 bytes takes more than its length", () => {
  const long = (part) => part.repeat(Math.ceil(4096 / part.length)).slice(0, 4096);
  const rising = Array.from({ length: 90 }, (_, index) => "`".repeat(index + 1)).join(" ");
  const hostile = [
    "*a ",
    " *a",
    "_",
    "*_~",
    "`",
    "` ``",
    "```\n",
    "```a\n",
    "```\n\n",
    "> ",
    ">\n",
    "- a\n",
    "  - a\n",
    "1. ",
    "(",
  ]
    .concat(["https://(", "http://.", "www.(", "https://a.example/((", "@bo", "*@bo*", "~a~", "_a *b ~c ", "\n", "\\*"])
    .map(long);
  for (const text of [...hostile, rising, `${rising}*`]) parseMarkup(text, new Map([["bo", "bo"]])); // compiled first
  for (const text of [...hostile, rising]) {
    const spent = cpuMilliseconds(() => parseMarkup(text, new Map([["bo", "bo"]])));
    assert.ok(spent < 500, `${spent} ms for ${text.slice(0, 20)}`);
  }
});
