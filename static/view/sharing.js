// Links that make members, to pass on to others.
import { formatDate } from "./format.js";

/** Passes on a link that makes members. */
export function shareLink(chat, { room, secret, until }) {
  const words = `\nWhoever opens it until ${formatDate(new Date(until))} becomes a member.`;
  share(chat, `#join=${room}.${secret}`, words);
}

/** Passes on the address of a message. */
export function copyLink(chat, { room, seq }) {
  share(chat, `#${room}/${seq}`, "");
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
