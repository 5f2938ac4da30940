// What is now: who is connected, and which hubs and event handlers there are.
import { addFault } from "./faults.js";
import { byId, el } from "./el.js";

const drawn = new Map(); // table id → what it shows

// Draws only when something has changed, so that focus and selection stay.
function redraw(element, facts, children) {
  const text = JSON.stringify(facts);
  if (drawn.get(element.id) === text) return;
  drawn.set(element.id, text);
  element.replaceChildren(...children());
}

export function connections({ connections: all, connectionCount }, wanted, showUser) {
  const shown = all.filter(wanted);
  redraw(byId("connection-rows"), shown, () => shown.map((connection) => row(connection, showUser)));
  byId("no-connections").hidden = shown.length > 0;
  byId("no-connections").textContent = connectionCount ? "No connection fits the filters." : "Nobody is connected.";
  byId("connection-hint").textContent = connectionCount > all.length ? `The newest ${all.length} of ${connectionCount.toLocaleString()}.` : "";
}

function row({ hub, id, user, protocol, groups, groupCount, attached }, showUser) {
  const more = groupCount - groups.length;
  const name = user ?? id.slice(0, 8);
  const button = (text, title, onclick) => el("button", { type: "button", title, ariaLabel: `${text}: ${name}`, onclick }, text);
  return el("tr", {},
    el("td", {}, user === null ? el("i", {}, "nobody") : el("bdi", {}, user)),
    el("td", { className: "wide" }, hub),
    el("td", { className: "wide code" }, id),
    el("td", { className: "wide" }, (protocol ?? "none").replace(".webpubsub.azure.v1", "")),
    el("td", { className: "groups" }, groups.join(", ") + (more > 0 ? ` and ${more} more` : "")),
    el("td", {}, el("span", { className: attached ? "live" : "warn" }, attached ? "open" : "lost, may come back")),
    el("td", { className: "actions" },
      button("Follow", "Show what happens to this connection", () => showUser(id)),
      button("Cut", "Drop the socket without a word (1006)", () => addFault(`cut client 1006 connection=${id} count=1`))));
}

export function hubs({ hubs: all }) {
  redraw(byId("hubs"), all, () => (all.length ? all.map(card) : [el("p", { className: "empty" }, "No hub has been used or configured yet.")]));
}

function card({ name, connections: count, users, groups, anonymous, handlers }) {
  const facts = { connections: count, users, groups, "anonymous clients": anonymous === "allow" ? "allowed" : "refused" };
  return el("article", {},
    el("h2", {}, name),
    el("dl", { className: "counts" }, ...Object.entries(facts).map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, String(value))))),
    handlers.length
      ? el("table", {}, el("caption", {}, "Event handlers, the first that matches gets the event"),
        el("thead", {}, el("tr", {}, ...["URL", "System events", "User events"].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, ...handlers.map(({ url, systemEvents, pattern }) => el("tr", {}, el("td", { className: "code" }, url),
          el("td", {}, systemEvents.join(", ") || "none"), el("td", { className: "code" }, pattern || "none")))))
      : el("p", { className: "empty" }, "No event handler: events of this hub go nowhere."));
}
