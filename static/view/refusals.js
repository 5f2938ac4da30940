// What happens with a refusal of the server on the page; loaded with the first one.
import { describeRefusal } from "./words.js";

export { describeRefusal };

/** Waits for a request; a refusal is told in the current room. */
export async function tellRefusal(page, request) {
  const { chat, announce } = page;
  const tell = (refusal) => chat.addNotice(chat.room, announce(describeRefusal(refusal)), "error");
  await request.catch(tell);
}

/** Gives a mistyped command back to its author, who corrects it: into the composer, or as a notice where that is in use. */
export function returnCommand(page, { message, room }, refusal) {
  const { chat, composer, announce } = page;
  const text = describeRefusal(refusal);
  if (room === chat.room.name && composer.correct(message, text)) return;
  chat.addNotice(chat.rooms.get(room) ?? chat.room, announce(`${text}\nYou typed: ${message}`), "error");
}
