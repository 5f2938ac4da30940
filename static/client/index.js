/**
 * The chat without a screen, for any page that the app serves beside index.html. Nothing here touches the document.
 *
 *     import { Chat, orderedEntries } from "./client/index.js";
 *
 *     const chat = new Chat({ me: "ana", userId: "ana", lobby: "lobby", storage: localStorage, onChange: show });
 *     chat.sendMessage("hello");
 *
 *     function show() {
 *       const messages = [...orderedEntries(chat.room), ...chat.outbox.all()];
 *       console.log(messages.map(({ from, message }) => `${from}: ${message}`));
 *     }
 *
 * `connect`, `applyFrame` and `openOutbox` are the parts of `Chat`, for a page that wants other rules. types.js describes
 * the frames and the states.
 */
export { Chat } from "./chat.js";
export { backoffDelay, connect, negotiate, requestJson } from "./connection.js";
export {
  applyFrame,
  beginJoin,
  countUnread,
  createRoom,
  isUnread,
  mergeEntry,
  orderedEntries,
  positionOf,
} from "./room.js";
export { openOutbox, readPosition, readRoomNames } from "./storage.js";
