// The rules for all JavaScript: the chat's page, the inspector's page, the tests' programs, and the chat on Express in
// `bench/`. `python3 dev.py check` runs them from the repository's folder.
import js from "@eslint/js";
import globals from "globals";

// What static/client/ may use: it runs without a document.
const CLIENT_GLOBALS = [
  "URL",
  "AbortSignal",
  "IDBKeyRange",
  "WebSocket",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "indexedDB",
  "setInterval",
  "setTimeout",
];

export default [
  js.configs.recommended,
  {
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-nested-ternary": "error",
      "no-sequences": "error",
      "no-shadow": "error",
      "no-var": "error",
      "no-void": "error",
      "no-bitwise": "error",
      "no-return-assign": "error",
      "no-param-reassign": "error",
      "prefer-const": "error",
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 200 }],
      complexity: ["error", 20],
    },
  },
  {
    files: ["static/**/*.js", "local_azure/webpubsub/inspector/page/*.js"],
    languageOptions: { globals: globals.browser },
  },
  { files: ["static/start.js"], languageOptions: { sourceType: "script" } },
  { files: ["static/service-worker.js"], languageOptions: { sourceType: "script", globals: globals.serviceworker } },
  {
    files: ["static/client/**/*.js"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...Object.keys(globals.browser).filter((name) => !CLIENT_GLOBALS.includes(name)),
      ],
    },
  },
  {
    files: ["tests/page/**/*.js", "tests/interop/programs/*.mjs", "bench/peers/express/*.mjs"],
    languageOptions: { globals: globals.node },
  },
];
