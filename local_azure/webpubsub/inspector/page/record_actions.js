// The record as a whole: export, import, clear, and how much of it is kept.
import { elementById } from "./elements.js";
import { formatBytes } from "./formatting.js";
import { showNotice } from "./notice.js";
import { requestJson } from "./service_requests.js";

const MIN_REFRESH_MILLISECONDS = 3000;

// `readParameters` returns the filters as query parameters: what is exported is what is shown.
export function createRecordActions(readParameters) {
  const menu = elementById("menu");
  const chooser = elementById("import-file");
  const size = elementById("record-size");
  let refreshedAt = -Infinity;
  let isWaiting = false;

  // Sets the addresses of the export when the menu opens.
  function setLinks() {
    for (const form of ["har", "json"]) {
      const parameters = readParameters();
      parameters.set("form", form);
      elementById(`export-${form}`).href = `inspector/export?${parameters}`;
    }
  }

  async function importFile(file) {
    const answer = await requestJson("import", { method: "POST", body: await file.text() });
    const { error, entries: count } = answer;
    showNotice(error ?? `Imported: ${count} ${count === 1 ? "entry" : "entries"}`, { isError: Boolean(error) });
  }

  // The service tells every open page that its record is empty.
  async function clear() {
    const { error } = await requestJson("entries", { method: "DELETE" });
    if (error) {
      showNotice(error, { isError: true });
    } else {
      refreshSize({ now: true });
    }
  }

  // Shows how much the service keeps; asks for it at most once in three seconds.
  async function refreshSize({ now = false } = {}) {
    const wait = now ? 0 : MIN_REFRESH_MILLISECONDS - (performance.now() - refreshedAt);
    if (isWaiting) {
      return;
    }
    isWaiting = true;
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    refreshedAt = performance.now();
    isWaiting = false;
    const { error, enabled, bytes, maxBytes } = await requestJson("recorder");
    if (!error) {
      size.textContent = enabled
        ? `Record: ${formatBytes(bytes)} of ${formatBytes(maxBytes)}`
        : "Nothing is recorded while no page is open";
    }
  }

  menu.addEventListener("beforetoggle", setLinks);
  menu.addEventListener("click", () => menu.hidePopover());
  elementById("import").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    if (chooser.files.length) {
      importFile(chooser.files[0]);
      chooser.value = ""; // the same file may be chosen again
    }
  });
  elementById("clear").addEventListener("click", clear);
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) {
      importFile(file);
    }
  });
  return { refreshSize };
}
