// One HTTP exchange: the request, the response, and whether its signature was made with a key of this service.
import { createButton, createElement, createFacts } from "./elements.js";
import { formatBytes } from "./formatting.js";
import { firstParts, readableBody, readableState, textOf } from "./body_text.js";

const MAX_COLORED_PARTS = 3000;
const MAX_CHARACTERS = 24_000; // of a body, until a person wants all: more takes the browser long
const MASK = "***";
const CLAIM_TIMES = ["exp", "nbf", "iat"];

// `mark` is what a person sees first; `text` says what was checked.
const VERDICTS = {
  verified: { mark: "✓ Verified", className: "good", text: "It was made with a key of this service." },
  "not with this key": {
    mark: "✗ Not with this key",
    className: "bad",
    text: "It was made with another key, or the signed text has changed.",
  },
};
const NO_SIGNATURE = { mark: "No signature", className: "none", text: "There is nothing to verify in this request." };

// Returns the value of a header, or an empty text; names have no case.
export function headerValue(headers, name) {
  return headers.find(([known]) => known.toLowerCase() === name)?.[1] ?? "";
}

export function renderRequest({ method, url, requestHeaders, requestBody }, copy) {
  return [
    createElement(
      "p",
      { className: "request-line" },
      createElement("b", {}, method),
      createElement("span", { className: "code" }, url),
      createButton("Copy URL", () => copy(url, "URL"), { className: "small" }),
    ),
    renderHeaders("Request headers", requestHeaders),
    renderBody("Body", requestBody, headerValue(requestHeaders, "content-type"), copy) ?? renderNothing("No body."),
  ];
}

export function renderResponse({ status, reason, responseHeaders, responseBody }, copy) {
  if (status === null || status === undefined) {
    return [renderNothing("There is no response.")];
  }
  const headers = responseHeaders ?? [];
  return [
    createElement(
      "p",
      { className: "request-line" },
      createElement("b", { className: status < 400 ? "good" : "bad" }, String(status)),
      createElement("span", {}, reason ?? ""),
    ),
    renderHeaders("Response headers", headers),
    renderBody("Body", responseBody, headerValue(headers, "content-type"), copy) ?? renderNothing("No body."),
  ];
}

export function renderSignature({ signature, token, requestHeaders }) {
  const verdict = VERDICTS[signature] ?? NO_SIGNATURE;
  const nodes = [
    createElement("p", { className: `verdict ${verdict.className}` }, verdict.mark),
    createElement("p", { className: "explanation" }, verdict.text),
  ];
  const names = ["ce-signature", "ce-connectionid", "authorization"];
  const facts = Object.fromEntries(
    names.map((name) => [name, headerValue(requestHeaders, name)]).filter(([, value]) => value),
  );
  if (Object.keys(facts).length) {
    nodes.push(createElement("h3", {}, "Headers that were checked"), createFacts(facts));
  }
  if (token) {
    nodes.push(createElement("h3", {}, "Claims of the token"), createFacts(readableClaims(token)));
  }
  return nodes;
}

// Returns a body with its size and a button that copies it; null when there is none.
export function renderBody(title, body, contentType, copy) {
  if (!body || body.size === 0) {
    return null;
  }
  const { language, parts } = readableBody(body, contentType);
  const amount = [language, formatBytes(body.size), body.truncated ? "the start of it" : ""];
  const text = createElement("pre", { tabIndex: 0, role: "region", ariaLabel: title });
  const shown = firstParts(parts, MAX_CHARACTERS);
  text.append(...colored(shown));
  const showAll = () => {
    text.replaceChildren(...colored(parts));
    button.remove();
    text.focus();
  };
  const button = createButton("Show all", showAll, { className: "small" });
  return createElement(
    "section",
    { className: "payload" },
    createElement(
      "div",
      { className: "payload-head" },
      createElement("h3", {}, title, " ", createElement("small", {}, amount.filter(Boolean).join(" · "))),
      createButton("Copy", () => copy(body.text, title.toLowerCase()), {
        className: "small",
        ariaLabel: `Copy ${title.toLowerCase()}`,
      }),
    ),
    text,
    textOf(parts).length > MAX_CHARACTERS && button,
  );
}

function colored(parts) {
  if (parts.length > MAX_COLORED_PARTS) {
    return [textOf(parts)];
  }
  return parts.map(({ kind, text }) => (kind === "plain" ? text : createElement("span", { className: kind }, text)));
}

function renderHeaders(title, headers) {
  if (!headers.length) {
    return renderNothing("No headers.");
  }
  const rows = headers.map(([name, value]) =>
    createElement(
      "tr",
      {},
      createElement("th", { scope: "row" }, name),
      createElement("td", {}, ...markMasked(String(value)), renderState(name, value)),
    ),
  );
  return createElement(
    "table",
    { className: "headers" },
    createElement("caption", {}, title, " ", createElement("small", {}, String(headers.length))),
    createElement("tbody", {}, ...rows),
  );
}

function renderState(name, value) {
  const text = name.toLowerCase() === "ce-connectionstate" ? readableState(value) : "";
  return text ? createElement("div", { className: "state" }, text) : null;
}

// A masked value looks other than text that happens to have asterisks.
function markMasked(value) {
  const [first, ...others] = value.split(MASK);
  return [first, ...others.flatMap((text) => [createElement("i", { title: "Not shown: a secret" }, MASK), text])];
}

function readableClaims(claims) {
  const entries = Object.entries(claims).map(([name, value]) => {
    if (CLAIM_TIMES.includes(name) && typeof value === "number") {
      return [name, `${value} · ${new Date(value * 1000).toLocaleString()}`];
    }
    return [name, typeof value === "string" ? value : JSON.stringify(value)];
  });
  return Object.fromEntries(entries);
}

function renderNothing(text) {
  return createElement("p", { className: "nothing" }, text);
}
