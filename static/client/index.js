/**
 * The chat without a screen, for any page that the app serves beside index.html. Nothing here touches the document.
 * docs/embedding.md describes it, and examples/headless.js is a whole page.
 *
 *     import { Chat } from "./client/index.js";
 *
 *     const chat = new Chat({ me: "ana", userId: "ana", lobby: "lobby", storage: localStorage, onChange: show });
 *     chat.sendMessage("hello");
 *     const { members } = await chat.request("members", { room: "~d4k6f2a7q5w3e6r2t4y7u5i3o" }); // or a Refusal
 *     chat.receivers.set("wave", ({ user }) => console.log(`${user} waves`)); // an event that was added to this chat
 *
 *     function show() {
 *       const messages = [...chat.shownEntries(), ...chat.unsentMessages()];
 *       console.log(messages.map(({ from, message }) => `${from}: ${message}`));
 *     }
 *
 * `connect`, `applyFrame` and `openOutbox` are the parts of `Chat`, for a page that wants other rules. types.js describes
 * the frames and the states. `shownGaps` names what is missing between the entries.
 */
export { createCatchUp, nextQuestion } from "./catch-up.js";
export { Chat } from "./chat.js";
export { connect } from "./connection.js";
export { backoffDelay, negotiate, requestJson } from "./http.js";
export { addRun, gapLength, gapsOf, isOwn, isUnread, lastKnown, mergeEntry, orderedEntries } from "./log.js";
export { countReactions, hasReacted, openOutbox, withChanges, withUnsent } from "./outbox.js";
export { moveFormerKeys, readPlaces, writePlaces } from "./places.js";
export { Refusal } from "./requests.js";
export { applyFrame, beginJoin, createRoom, olderCursor, shownGaps, titleOf } from "./room.js";
export { countUnread, markRead } from "./unread.js";
export { clearUser, userStorage } from "./user-storage.js";
