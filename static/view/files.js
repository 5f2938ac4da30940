// What happens to files that are dropped on the page or pasted: the chat has no attachments, and says so.
import { byId, setContent } from "./dom.js";

const NO_FILES = "Files cannot be sent here, only text. A link to the file can.";

/** Says so at the composer when somebody drops or pastes a file; without this, the browser would leave the page for it. */
export function refuseFiles() {
  function refuse(event) {
    event.preventDefault();
    setContent(byId("composer-problem"), NO_FILES); // until something is typed
  }

  const hasFiles = ({ types }) => types.includes("Files");
  addEventListener("dragover", (/** @type {any} */ event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", (/** @type {any} */ event) => {
    if (hasFiles(event.dataTransfer)) refuse(event);
  });
  // An image that comes with text is left out; the text is pasted.
  byId("message-box").addEventListener("paste", (event) => {
    if (event.clipboardData.files.length && !hasText(event.clipboardData)) refuse(event);
  });
}

const hasText = ({ types }) => types.includes("text/plain");
