// Bodies as text that is easy to read, by their type. A value is never changed: a number keeps every digit.

const TOKEN = /\s+|"[^"\\]*(?:\\.[^"\\]*)*"|[-+.\w]+|[{}[\],:]/gy;
const INDENT = "  ";
const MAX_INDENTS = 40; // deeper values are not moved further to the right
const HEX_BYTES_IN_LINE = 16;
const PRINTABLE = /[\x20-\x7e]/;

// Returns { language, parts }: the parts are [{ kind, text }], and their kinds are key, string, number, word and plain.
// `body` is { text, form, truncated }; `form` is json, text or hex.
export function readableBody({ text, form, truncated }, contentType = "") {
  const type = contentType.split(";")[0].trim().toLowerCase();
  if (form === "hex") {
    return plain("binary", hexLines(text));
  }
  const isNamedJson = form === "json" || type === "application/json" || type.endsWith("+json");
  if (isNamedJson && !truncated && isJson(text)) {
    return { language: "JSON", parts: indentJson(text) };
  }
  if (type === "application/x-www-form-urlencoded") {
    return plain("form", [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${value}`).join("\n"));
  }
  if (isNamedJson) {
    return plain("JSON", text);
  }
  return plain(type.endsWith("xml") ? "XML" : "text", text);
}

// Returns JSON as parts, one member on a line. The text must be valid.
export function indentJson(text) {
  const tokens = (text.match(TOKEN) ?? []).filter((token) => token.trim());
  const parts = [];
  let depth = 0;
  const addLine = () => parts.push({ kind: "plain", text: `\n${INDENT.repeat(Math.min(depth, MAX_INDENTS))}` });
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      parts.push({ kind: "plain", text: token });
      if (next !== "}" && next !== "]") {
        depth += 1;
        addLine();
      }
    } else if (token === "}" || token === "]") {
      const previous = tokens[index - 1];
      if (previous !== "{" && previous !== "[") {
        depth -= 1;
        addLine();
      }
      parts.push({ kind: "plain", text: token });
    } else if (token === ",") {
      parts.push({ kind: "plain", text: "," });
      addLine();
    } else if (token === ":") {
      parts.push({ kind: "plain", text: ": " });
    } else {
      parts.push({ kind: tokenKind(token, next), text: token });
    }
  });
  return joinPlain(parts);
}

// Returns the first parts, which have at most so many characters together.
export function firstParts(parts, maxCharacters) {
  const first = [];
  let left = maxCharacters;
  for (const { kind, text } of parts) {
    if (left <= 0) {
      break;
    }
    first.push({ kind, text: text.slice(0, left) });
    left -= text.length;
  }
  return first;
}

// Returns the state of a connection (the header ce-connectionState is JSON in Base64) as indented JSON; an empty text for
// what is not such a state.
export function readableState(value) {
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return isJson(text) ? textOf(indentJson(text)) : "";
  } catch {
    return ""; // masked, or of an application that keeps something else there
  }
}

export function textOf(parts) {
  return parts.map(({ text }) => text).join("");
}

function tokenKind(token, next) {
  if (token.startsWith('"')) {
    return next === ":" ? "key" : "string";
  }
  return /^[-\d]/.test(token) ? "number" : "word";
}

function joinPlain(parts) {
  const joined = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.kind === "plain" && part.kind === "plain") {
      last.text += part.text;
    } else {
      joined.push({ ...part });
    }
  }
  return joined;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// Returns lines of 16 bytes: position, hexadecimal, and the characters of ASCII. `text` is bytes such as `0a ff`.
function hexLines(text) {
  const bytes = text.split(" ").filter(Boolean);
  const lines = [];
  for (let start = 0; start < bytes.length; start += HEX_BYTES_IN_LINE) {
    const line = bytes.slice(start, start + HEX_BYTES_IN_LINE);
    const characters = line.map((byte) => String.fromCharCode(parseInt(byte, 16)));
    const shown = characters.map((character) => (PRINTABLE.test(character) ? character : "·")).join("");
    const hex = line.join(" ").padEnd(HEX_BYTES_IN_LINE * 3 - 1);
    lines.push(`${start.toString(16).padStart(4, "0")}  ${hex}  ${shown}`);
  }
  return lines.join("\n");
}

function plain(language, text) {
  return { language, parts: [{ kind: "plain", text }] };
}
