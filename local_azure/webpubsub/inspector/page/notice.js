// A short message at the edge of the page that goes away by itself, and the clipboard.
import { elementById } from "./elements.js";

const SHOWN_MILLISECONDS = 4000;
let timer = null;

export function showNotice(text, { isError = false } = {}) {
  const notice = elementById("notice");
  notice.textContent = text;
  notice.classList.toggle("bad", isError);
  notice.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => notice.classList.remove("shown"), SHOWN_MILLISECONDS);
}

// Copies a text and says so; `name` says what it is.
export async function copyText(text, name) {
  try {
    await navigator.clipboard.writeText(text);
    showNotice(`Copied: ${name}`);
  } catch (error) {
    showNotice(`The browser did not copy the ${name}: ${error.message}`, { isError: true });
  }
}
