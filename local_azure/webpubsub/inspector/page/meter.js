// The panel "Usage": what this run would count as in Azure's bill, for the run and for one message of each kind.
import { createElement } from "./elements.js";

const PATH = "inspector/meter";
const REFRESH_MILLISECONDS = 1000;
const MILLION = 1_000_000;

// Returns the panel's element, and functions that show and hide it; while it is shown it asks again each second.
// `fetchJson` is given a path and returns the answer's JSON, or throws.
export function createMeterPanel(fetchJson, refreshMilliseconds = REFRESH_MILLISECONDS) {
  const content = createElement("div");
  const problem = createElement("p", { className: "bad meter-problem", hidden: true });
  problem.setAttribute("role", "status");
  const element = createElement("section", { id: "usage", ariaLabel: "Usage", hidden: true }, problem, content);
  let timer = null;
  let showing = 0; // counts how often the panel was shown or hidden: an answer that comes later is not for it

  async function refresh(current) {
    try {
      const usage = await fetchJson(PATH);
      if (current !== showing) return;
      problem.hidden = true;
      render(usage);
    } catch (error) {
      problem.textContent = `The usage cannot be read: ${error.message}`;
      problem.hidden = false;
    }
    if (current === showing) {
      timer = setTimeout(refresh, refreshMilliseconds, current);
    }
  }

  // Replaces only the parts in which something has changed, so that what is opened or selected elsewhere stays.
  function render(usage) {
    createParts(usage).forEach((part, index) => {
      const shown = content.children[index];
      if (!shown) {
        content.append(part);
      } else if (shown.textContent !== part.textContent) {
        shown.replaceWith(part);
      }
    });
  }

  return {
    element,
    show() {
      if (!element.hidden) return;
      element.hidden = false;
      addStyles();
      showing += 1;
      refresh(showing);
    },
    hide() {
      element.hidden = true;
      clearTimeout(timer);
      showing += 1;
    },
  };
}

function addStyles() {
  const href = "inspector/meter.css";
  if (!document.head.querySelector(`link[href="${href}"]`)) {
    document.head.append(createElement("link", { rel: "stylesheet", href }));
  }
}

function createParts({ prices, run, total, messages, notes }) {
  return [
    createTiles(run),
    createBill(total, prices),
    messages.length
      ? createMessageTable(messages, prices)
      : createElement("p", { className: "empty" }, "No client has sent anything yet."),
    createNotes(notes, prices),
  ];
}

function createTiles({
  seconds,
  outboundUnits,
  outboundBytes,
  connections,
  frames,
  webhooks,
  restCalls,
  storageCalls,
}) {
  const range = formatRange(outboundUnits.least, outboundUnits.most);
  const tiles = [
    ["Billed messages", range, `${formatKilobytes(outboundBytes)} out`],
    [
      "Connections",
      `${formatNumber(connections.peak)} at most`,
      `${formatNumber(connections.minutes)} minutes, ${formatCount(connections.units, "unit")}`,
    ],
    ["Frames to clients", formatNumber(frames), `in ${formatDuration(seconds)}`],
    ["Events to the app", formatNumber(webhooks), "each is an execution"],
    ["REST calls", formatNumber(restCalls), "cost nothing"],
    ["Storage", storageCalls === null ? "not counted" : formatNumber(storageCalls), "transactions"],
  ];
  return createElement(
    "dl",
    { className: "tiles" },
    ...tiles.map(([name, value, detail]) =>
      createElement(
        "div",
        {},
        createElement("dt", {}, name),
        createElement("dd", {}, createElement("b", {}, value), createElement("span", {}, detail)),
      ),
    ),
  );
}

function createBill({ items, cost, mostCost }, { currency }) {
  const rows = items.map(({ name, amount, most, unit, cost: itemCost, mostCost: itemMost }) =>
    createRow(name, `${formatRange(amount, most)} ${unit}`, formatMoneyRange(itemCost, itemMost)),
  );
  const sum = createRow("Sum", "", formatMoneyRange(cost, mostCost));
  sum.className = "sum";
  return createTable(
    `This run, in ${currency}`,
    [["What"], ["Amount", "number"], [currency, "number"]],
    [...rows, sum],
  );
}

function createMessageTable(messages, { currency }) {
  const head = [
    ["What each took on average"],
    ["Times", "number"],
    ["Billed messages", "number"],
    ["Frames", "number wide"],
    ["Events", "number wide"],
    ["REST", "number wide"],
    ["Storage", "number wide"],
    [`${currency} for a million`, "number"],
  ];
  const rows = messages.map((row) => {
    const each = (value) => value / Math.max(1, row.count);
    return createRow(
      row.cause,
      formatNumber(row.count),
      formatRange(each(row.outboundUnits.least), each(row.outboundUnits.most)),
      formatNumber(each(row.frames)),
      formatNumber(each(row.webhooks)),
      formatNumber(each(row.restCalls)),
      row.storageCalls === null ? "–" : formatNumber(each(row.storageCalls)),
      formatMoney(row.costOfMillion),
    );
  });
  return createTable("For each message, and whatever else brought something about", head, rows);
}

function createTable(caption, head, rows) {
  const cells = head.map(([text, className = ""]) => createElement("th", { scope: "col", className }, text));
  for (const row of rows) {
    [...row.children].slice(1).forEach((cell, index) => (cell.className = head[index + 1][1]));
  }
  const table = createElement(
    "table",
    {},
    createElement("caption", {}, caption),
    createElement("thead", {}, createElement("tr", {}, ...cells)),
    createElement("tbody", {}, ...rows),
  );
  return createElement("div", { className: "meter-table" }, table);
}

function createRow(name, ...values) {
  return createElement(
    "tr",
    {},
    createElement("th", { scope: "row" }, name),
    ...values.map((value) => createElement("td", {}, value)),
  );
}

function createNotes(notes, { date, link, used }) {
  const origin = date
    ? `Prices are examples of ${date}, never read from Azure: check them, and give yours by --price or --prices.`
    : "Prices are those that were given.";
  const prices = used.map(({ per, value, date: month, source }) =>
    createElement(
      "li",
      {},
      `${value} for one ${per} `,
      createElement("a", { href: source, target: "_blank", rel: "noreferrer" }, month || "given"),
    ),
  );
  return createElement(
    "div",
    { className: "meter-notes" },
    ...[...notes, origin].map((note) => createElement("p", {}, note)),
    createElement(
      "p",
      {},
      createElement("a", { href: link, target: "_blank", rel: "noreferrer" }, "The rules of the bill"),
    ),
    createElement("details", {}, createElement("summary", {}, "The prices"), createElement("ul", {}, ...prices)),
  );
}

function formatRange(least, most) {
  const [first, second] = [formatNumber(least), formatNumber(most ?? least)];
  return first === second ? first : `${first} – ${second}`;
}

function formatNumber(value) {
  if (value !== 0 && Math.abs(value) < 0.01) {
    return value.toLocaleString([], { maximumSignificantDigits: 2, maximumFractionDigits: 9 });
  }
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString([], { maximumFractionDigits: digits });
}

function formatCount(count, noun) {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function formatKilobytes(bytes) {
  return bytes < MILLION ? `${formatNumber(bytes / 1000)} KB` : `${formatNumber(bytes / MILLION)} MB`;
}

function formatDuration(seconds) {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${formatNumber(Math.round(seconds / 60))} minutes`;
}

function formatMoneyRange(least, most) {
  const [first, second] = [formatMoney(least), formatMoney(most)];
  return first === second ? first : `${first} – ${second}`;
}

// Small amounts keep two digits that say something.
function formatMoney(value) {
  if (value >= 1 || value === 0) {
    return value.toLocaleString([], { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }
  return value.toLocaleString([], { maximumSignificantDigits: 2, maximumFractionDigits: 9 });
}
