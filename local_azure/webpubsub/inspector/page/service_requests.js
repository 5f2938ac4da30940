// Requests to the service that change or read its record. Each returns { error } with a readable text when it fails.

const NO_ANSWER = "The service does not answer.";

// Returns the parsed answer, {} when there is none, or { error, code }.
export async function requestJson(path, { method = "GET", body, signal } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    const response = await fetch(`inspector/${path}`, { method, headers, body, signal });
    const text = await response.text();
    if (response.ok) {
      return text ? JSON.parse(text) : {};
    }
    return readRefusal(text, response.status);
  } catch (error) {
    return { error: error instanceof SyntaxError ? "The answer is not JSON." : NO_ANSWER, code: error.name };
  }
}

// Returns { text }, or { error }.
export async function requestText(path) {
  try {
    const response = await fetch(`inspector/${path}`);
    const text = await response.text();
    return response.ok ? { text } : readRefusal(text, response.status);
  } catch {
    return { error: NO_ANSWER };
  }
}

// Returns the parsed answer of an address; throws when there is none.
export async function fetchJson(address) {
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`The service answered ${response.status}.`);
  }
  return response.json();
}

function readRefusal(text, status) {
  try {
    const document = JSON.parse(text);
    const { code, message } = document.error ?? document;
    return { error: message ?? `The service answered ${status}.`, code };
  } catch {
    return { error: `The service answered ${status}.`, code: String(status) };
  }
}
