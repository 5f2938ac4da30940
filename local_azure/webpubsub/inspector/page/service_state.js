// The current state of the service: the tables of connections, and the hubs with their event handlers.
import { createElement, elementById } from "./elements.js";
import { addFault } from "./fault_form.js";
import { connectionName } from "./formatting.js";
import { matchesConnection } from "./search_query.js";

const renderedTexts = new Map(); // element id → the data that it shows, as text

// Replaces the children only when the data has changed, so that focus and selection stay.
function replaceIfChanged(element, data, createChildren) {
  const text = JSON.stringify(data);
  if (renderedTexts.get(element.id) === text) {
    return;
  }
  renderedTexts.set(element.id, text);
  element.replaceChildren(...createChildren());
}

// `filters` has the search and the hub. `onFollow` is called with the id of a connection whose entries are wanted.
export function renderConnections({ connections, connectionCount }, filters, onFollow) {
  const shown = connections.filter((connection) => matchesConnection(connection, filters));
  replaceIfChanged(elementById("connection-rows"), shown, () =>
    shown.map((connection) => createConnectionRow(connection, onFollow)),
  );
  const notice = elementById("no-connections");
  notice.hidden = shown.length > 0;
  notice.textContent = connectionCount ? "No connection matches the filters." : "No client is connected.";
  const hint = elementById("connection-hint");
  const isIncomplete = connectionCount > connections.length;
  hint.textContent = isIncomplete ? `The newest ${connections.length} of ${connectionCount.toLocaleString()}.` : "";
}

function createConnectionRow({ hub, id, user, protocol, groups, groupCount, hasSocket }, onFollow) {
  const moreGroups = groupCount - groups.length;
  const name = connectionName(id, user);
  const createButton = (text, title, onclick) =>
    createElement("button", { type: "button", title, ariaLabel: `${text}: ${name}`, onclick }, text);
  return createElement(
    "tr",
    {},
    createElement("td", {}, user === null ? createElement("i", {}, "nobody") : createElement("bdi", {}, user)),
    createElement("td", { className: "wide" }, hub),
    createElement("td", { className: "wide code" }, id),
    createElement("td", { className: "wide" }, (protocol ?? "none").replace(".webpubsub.azure.v1", "")),
    createElement("td", { className: "groups" }, groups.join(", ") + (moreGroups > 0 ? ` and ${moreGroups} more` : "")),
    createElement(
      "td",
      {},
      createElement("span", { className: hasSocket ? "live" : "warn" }, hasSocket ? "open" : "lost, may come back"),
    ),
    createElement(
      "td",
      { className: "actions" },
      createButton("Follow", "Show what happens to this connection", () => onFollow(id)),
      createButton("Cut", "Drop the socket without a close frame (1006)", () =>
        addFault(`cut client 1006 connection=${id} count=1`),
      ),
    ),
  );
}

export function renderHubs({ hubs }) {
  replaceIfChanged(elementById("hubs"), hubs, () =>
    hubs.length
      ? hubs.map(createHubCard)
      : [createElement("p", { className: "empty" }, "No hub has been used or configured yet.")],
  );
}

function createHubCard({ name, connections, users, groups, anonymous, handlers }) {
  const facts = { connections, users, groups, "anonymous clients": anonymous === "allow" ? "allowed" : "refused" };
  const counts = Object.entries(facts).map(([label, value]) =>
    createElement("div", {}, createElement("dt", {}, label), createElement("dd", {}, String(value))),
  );
  return createElement(
    "article",
    {},
    createElement("h2", {}, name),
    createElement("dl", { className: "counts" }, ...counts),
    handlers.length
      ? createHandlerTable(handlers)
      : createElement("p", { className: "empty" }, "No event handler: events of this hub are not sent anywhere."),
  );
}

function createHandlerTable(handlers) {
  const head = ["URL", "System events", "User events"].map((text) => createElement("th", { scope: "col" }, text));
  const rows = handlers.map(({ url, systemEvents, pattern }) =>
    createElement(
      "tr",
      {},
      createElement("td", { className: "code" }, url),
      createElement("td", {}, systemEvents.join(", ") || "none"),
      createElement("td", { className: "code" }, pattern || "none"),
    ),
  );
  return createElement(
    "table",
    {},
    createElement("caption", {}, "Event handlers, the first that matches gets the event"),
    createElement("thead", {}, createElement("tr", {}, ...head)),
    createElement("tbody", {}, ...rows),
  );
}
