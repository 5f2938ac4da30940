// The switchboard: what may go wrong, what is in force, and one line of text that says the same on the command line.
import { byId, el } from "./el.js";

const PEOPLE = ["hub", "user", "connection"];
const KINDS = {
  "delay webhook": { argument: ["Delay", "200ms"], scope: [...PEOPLE, "event"] },
  "drop webhook": { scope: [...PEOPLE, "event"] },
  "duplicate webhook": { argument: ["Copies", "1", "copies="], scope: [...PEOPLE, "event"] },
  "reorder webhook": { argument: ["Wait at most", "1s", "within="], scope: [...PEOPLE, "event"] },
  "lose disconnected": { scope: PEOPLE },
  "fail rest": { argument: ["Status", "503"], carried: true, scope: [...PEOPLE, "operation", "group"] },
  "slow rest": { argument: ["Delay", "200ms"], scope: [...PEOPLE, "operation", "group"] },
  "cut client": { argument: ["Close code", "1006"], scope: [...PEOPLE, "event"] },
  "expire token": { scope: ["hub", "user"] },
  "refuse recovery": { scope: PEOPLE },
};

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

const send = (path, method, body) =>
  fetch(`inspector/${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });

// Resolves to what is wrong, or to an empty text.
export async function addFault(line) {
  const answer = await send("faults", "POST", { fault: line }).catch(() => null);
  if (!answer) return "The service does not answer.";
  return answer.ok ? "" : (await answer.json()).message;
}

export function faults() {
  const form = byId("fault-form"), fields = form.elements, error = byId("fault-error");
  let drawn = "";
  const kind = () => KINDS[fields.kind.value] ?? { scope: [] };

  function line() {
    const { argument, carried, scope } = kind();
    const value = (name) => fields[name].value.trim();
    const words = [fields.kind.value];
    if (argument && value("argument")) words.push(`${argument[2] ?? ""}${value("argument")}`);
    if (carried && fields.carried.checked) words.push("carried-out");
    for (const name of [...scope, "count", "for"]) if (value(name)) words.push(`${name}=${quoted(value(name))}`);
    return words.join(" ");
  }

  function update() {
    const { argument, carried, scope } = kind();
    const shown = new Set([...scope, argument && "argument", carried && "carried"]);
    for (const label of form.querySelectorAll("[data-field]")) label.hidden = !shown.has(label.dataset.field);
    byId("fault-line").textContent = `--fault "${line().replaceAll('"', '\\"')}"`;
    error.textContent = "";
  }

  function choose() {
    const { argument } = kind();
    if (argument) {
      fields.argument.value = argument[1];
      fields.argument.previousElementSibling.textContent = argument[0];
    }
    update();
  }

  // `known` are the forms that the service knows; their first two words name a kind.
  function forms(known) {
    const names = known.map((text) => text.split(" ").slice(0, 2).join(" ")).filter((name) => name in KINDS);
    if (fields.kind.options.length === names.length) return;
    fields.kind.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    choose();
  }

  function draw(inForce) {
    const text = JSON.stringify(inForce);
    if (text === drawn) return;
    drawn = text;
    byId("fault-rows").replaceChildren(...inForce.map(row));
    byId("no-faults").hidden = inForce.length > 0;
  }

  form.addEventListener("input", ({ target }) => (target === fields.kind ? choose() : update()));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = await addFault(line());
  });
  return { forms, draw };
}

function row({ id, text, strikes, strikesLeft, secondsLeft }) {
  const left = [strikesLeft !== null && `${strikesLeft} ${strikesLeft === 1 ? "time" : "times"}`, secondsLeft !== null && `${secondsLeft} s`].filter(Boolean).join(", ");
  const remove = el("button", { type: "button", ariaLabel: `Remove: ${text}`, onclick: () => send(`faults/${id}`, "DELETE") }, "Remove");
  return el("tr", {}, el("td", { className: "code" }, text), el("td", { className: "number" }, String(strikes)), el("td", {}, left),
    el("td", { className: "actions" }, remove));
}
