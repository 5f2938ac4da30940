// What a client asks the app over HTTP. The first screen loads no more of the client than this.
/** @import { Answer } from "./types.js" */

const APP = new URL("../", import.meta.url); // where the app answers, whichever page imports this
const REQUEST_MS = 30_000; // a function app may have to start first

/**
 * Returns how long to wait, in milliseconds: 1 s doubling to 30 s; chance (0 to 1) spreads the clients.
 * @param {number} attempt from 0
 * @param {number} [chance]
 */
export function backoffDelay(attempt, chance = Math.random()) {
  return 1000 * Math.min(30, 2 ** attempt) * (0.5 + chance / 2);
}

/**
 * Returns the app's JSON answer with its `status`, or {} without an answer.
 * @param {string} path relative to the address of the app
 * @param {RequestInit} [options]
 * @param {number} [wait] for how long an answer is waited for, in milliseconds
 * @returns {Promise<Answer>}
 */
export async function requestJson(path, options, wait = REQUEST_MS) {
  try {
    const response = await fetch(new URL(path, APP), { signal: AbortSignal.timeout(wait), ...options });
    const content = await response.json().catch(() => ({})); // a gateway may answer in HTML
    return { status: response.status, ...content };
  } catch {
    return {};
  }
}

/**
 * Returns an answer with the `url` to connect to, or with an `error`.
 * @param {string} [userId] left out where the platform knows the user
 */
export function negotiate(userId) {
  return requestJson("negotiate", { method: "POST", body: JSON.stringify({ id: userId }) });
}
