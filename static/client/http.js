// Requests to the Function App.
/** @import { Session } from "./types.js" */

/**
 * What the server answered; empty when it did not answer.
 * @template Content
 * @typedef {Partial<Content> & { status?: number, error?: { code: string, message: string } }} Answer
 */

/**
 * Returns the JSON that the server answers, with its status; an empty object when there is no answer.
 * @template Content
 * @param {string} path relative to the page
 * @param {RequestInit} [options]
 * @returns {Promise<Answer<Content>>}
 */
async function requestJson(path, options) {
  try {
    const response = await fetch(path, options);
    // An answer that is no JSON comes from a gateway; its status is all that it tells.
    const content = await response.json().catch(() => ({}));
    return { status: response.status, ...content };
  } catch {
    return /** @type {Answer<Content>} */ ({});
  }
}

/**
 * Returns who the user is, how users sign in, and the limits.
 * @returns {Promise<Answer<Session>>}
 */
export function fetchSession() {
  return requestJson("session");
}

/**
 * Returns the URL to connect to, valid for some minutes.
 * @param {string} [userId] the chosen name; left out where the platform knows the user
 * @returns {Promise<Answer<{ url: string }>>}
 */
export function negotiate(userId) {
  return requestJson("negotiate", { method: "POST", body: JSON.stringify({ id: userId }) });
}

/**
 * Returns the public rooms with people in them; none without an answer.
 * @returns {Promise<{ room: string, count: number }[]>}
 */
export async function fetchPublicRooms() {
  /** @type {Answer<{ rooms: { room: string, count: number }[] }>} */
  const answer = await requestJson("rooms");
  return answer.rooms ?? [];
}

/**
 * Returns how long to wait before the next attempt, in milliseconds: doubling from 1 s to 30 s, shortened at random by up
 * to a half so that clients do not come back all at once.
 * @param {number} attempt 0 for the first
 * @param {number} [random] 0 to 1
 */
export function backoffDelay(attempt, random = Math.random()) {
  return 1000 * Math.min(30, 2 ** attempt) * (0.5 + random / 2);
}
