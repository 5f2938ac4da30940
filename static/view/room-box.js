// The box that joins a room: what is typed or pasted into it, and what is wrong with that.
import { byId, setContent } from "./dom.js";
import { parseRoomAddress } from "./room-address.js";

/** Joins the room that is named in the box. What cannot be joined stays there, with the reason. */
export async function joinTypedRoom(page) {
  const found = parseRoomAddress(byId("new-room").value, location.href, page.session.limits);
  try {
    if ("error" in found) {
      showProblem(found.error);
      return;
    }
    await enterRoom(page, found);
    byId("room-form").reset();
    showProblem("");
  } catch (refusal) {
    showProblem(await page.describeRefusal(refusal));
  }
}

/**
 * Goes to a room: by the secret of an invitation link, or by its name, and to the message with the number `seq` there. Raises
 * a Refusal.
 * @param {any} page
 * @param {{ room: string, secret?: string, seq?: number }} address
 */
export async function enterRoom({ chat, openRoom }, { room, secret, seq }) {
  if (secret) await chat.request("accept", { room, secret });
  else if (!chat.rooms.has(room)) await chat.request("join", { room });
  openRoom(seq ? `${room}/${seq}` : room);
}

function showProblem(problem) {
  const box = byId("new-room");
  setContent(byId("room-problem"), problem);
  box.ariaInvalid = problem ? "true" : "false";
  if (problem) box.focus();
}
