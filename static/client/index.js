/**
 * The chat without a screen, for any page on the app's origin. Nothing in this folder touches the document.
 *
 *     import { Chat, orderedEntries } from "./client/index.js";
 *
 *     const chat = new Chat({ me: "ana", userId: "ana", lobby: "lobby", storage: localStorage, onChange: show });
 *     chat.start();
 *     chat.say("hello");
 *
 *     function show() {
 *       const messages = [...orderedEntries(chat.room), ...chat.outbox.all()];
 *       console.log(messages.map(({ from, message }) => `${from}: ${message}`));
 *     }
 */
export { Chat } from "./chat.js";
export { connect } from "./connection.js";
export { backoffDelay, fetchPublicRooms, fetchSession, negotiate } from "./http.js";
export { countUnread, isUnread, mergeEntry, messagesOf, orderedEntries, positionOf } from "./messages.js";
export { openOutbox } from "./outbox.js";
export { applyFrame, beginJoin, createRoom } from "./room.js";
export { readDraft, readPosition, readRoomNames, writeDraft, writePosition, writeRoomNames } from "./storage.js";
