// Addresses of rooms, to pass on to others.
import { formatDate } from "./format.js";

/** Passes on the current room: its address, or a new link that makes members of a private one. */
export function invite(chat) {
  const { room } = chat;
  if (room.name.startsWith("~")) chat.send("link");
  else share(chat, `#${room.name}`, "");
}

/** Passes on a link that makes members. */
export function shareLink(chat, { room, secret, until }) {
  const words = `\nWhoever opens it until ${formatDate(new Date(until))} becomes a member.`;
  share(chat, `#join=${room}.${secret}`, words);
}

async function share(chat, hash, words) {
  const { room } = chat;
  const address = new URL(hash, location.href);
  let hint = "Copied";
  try {
    await navigator.clipboard.writeText(address.href);
  } catch {
    hint = "Share this"; // no secure context, or no permission
  }
  chat.addNotice(room, `${hint}: ${address}${words}`, "notice");
}
