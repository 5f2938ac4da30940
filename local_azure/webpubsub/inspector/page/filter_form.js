// The form of the filters: the search, the kinds, the hub, and errors only.
import { createElement, elementById } from "./elements.js";
import { KIND_LABELS } from "./formatting.js";
import { parseSearch } from "./search_query.js";

// `onChange` is called when a filter has changed, `onSubmit` when a person is done with the search.
export function createFilterForm({ onChange, onSubmit }) {
  const form = elementById("filters");
  const { search, errors, hub } = form.elements;

  function createKindFilters() {
    for (const [kind, label] of [...Object.entries(KIND_LABELS), ["routine", "routine"]]) {
      const box = createElement("input", { type: "checkbox", name: "kind", value: kind, checked: kind !== "routine" });
      const title = kind === "routine" ? "Pings, acks of sequences, and validation of handlers" : "";
      elementById("kinds").append(createElement("label", { className: `chip ${kind}`, title }, box, label));
    }
  }

  // Returns { search, kinds, hub, errorsOnly }.
  function read() {
    const data = new FormData(form);
    const kinds = new Set(data.getAll("kind"));
    return { search: parseSearch(data.get("search")), kinds, hub: data.get("hub"), errorsOnly: data.has("errors") };
  }

  function renderHubs(hubNames) {
    const shownNames = [...hub.options].slice(1).map(({ value }) => value);
    if (shownNames.join("\n") === hubNames.join("\n")) {
      return;
    }
    const selected = hub.value;
    const options = hubNames.map((name) => createElement("option", { value: name }, name));
    hub.replaceChildren(createElement("option", { value: "" }, "All hubs"), ...options);
    hub.value = hubNames.includes(selected) ? selected : "";
    hub.hidden = hubNames.length < 2 && !hub.value;
  }

  createKindFilters();
  form.addEventListener("input", onChange);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onSubmit();
  });
  return {
    read,
    renderHubs,
    focusSearch() {
      search.focus();
      search.select();
    },
    toggleErrors: () => errors.click(),
    searchText: () => search.value,
    setSearch(text) {
      search.value = text;
      onChange();
    },
    // The view of connections has the search only.
    showFor(view) {
      form.hidden = view !== "flow" && view !== "connections";
      form.classList.toggle("search-only", view === "connections");
    },
  };
}
