// What happens with a refusal of the server on the page.
import { IS_COMMAND } from "../client/delivery.js";

const PASSING = ["internal_error", "service_unavailable", "storage_unavailable"]; // the same may work a moment later

/** Returns a refusal in words for people; they are loaded with the first one. */
export async function describeRefusal(refusal) {
  const words = await import("./words.js");
  return words.describeRefusal(refusal);
}

/** Waits for a request; a refusal is told in the current room. */
export async function tellRefusal(page, request) {
  const { chat, announce } = page;
  try {
    await request;
  } catch (refusal) {
    const text = await describeRefusal(refusal);
    announce(text);
    chat.addNotice(chat.room, text, "error");
  }
}

/**
 * Gives a command that was mistyped back to its author, who corrects it: it is no message to send again. Returns whether
 * the item is one.
 */
export function returnCommand(page, { message, room }, refusal) {
  if (!IS_COMMAND.test(message) || PASSING.includes(refusal.code)) return false;
  giveBack(page, message, room, refusal);
  return true;
}

async function giveBack({ chat, composer, announce }, message, room, refusal) {
  const text = await describeRefusal(refusal);
  if (room === chat.room.name && composer.correct(message, text)) return;
  const typed = `${text}\nYou typed: ${message}`;
  announce(typed);
  chat.addNotice(chat.rooms.get(room) ?? chat.room, typed, "error");
}
