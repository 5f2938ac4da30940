// What a frame is about.
/** @import { Frame, UserFrame } from "./types.js" */

/**
 * Returns whether a frame is told to one user, and is no part of a room's conversation.
 * @param {Frame} frame
 * @returns {frame is UserFrame}
 */
export function isUserFrame(frame) {
  return ["invited", "removed", "link", "members"].includes(frame.type ?? "");
}

/**
 * Returns who sent what with which id, of all that a frame tells.
 * @param {Frame} frame
 * @returns {{ author?: string, clientId?: string }[]}
 */
export function sentItems(frame) {
  if (frame.type === "joined" || frame.type === "history") return frame.messages.flatMap(sentItems);
  if (frame.type === "since") return frame.entries.flatMap(sentItems);
  if (frame.type === undefined) return [{ author: frame.user ?? frame.from, clientId: frame.clientId }];
  return "by" in frame && !isUserFrame(frame) ? [{ author: frame.by, clientId: frame.clientId }] : [];
}
