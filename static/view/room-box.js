// The box that joins a room: what cannot be joined stays in it, with the reason.
import { parseRoomAddress } from "../panels/room-address.js";
import { byId, setContent } from "./dom.js";

/** Joins the room that is named in the box, or opens the link that was pasted into it. */
export async function joinTypedRoom(page, acceptInvitation) {
  const { chat, session, openRoom, describeRefusal } = page;
  const typed = byId("new-room").value;
  const address = parseRoomAddress(typed, location.href, session.limits);
  if ("error" in address) {
    showProblem(address.error);
    return;
  }
  const { room, secret } = address;
  const [message = ""] = typed.match(/\/\d+\s*$/) ?? []; // the number of one may follow the room
  try {
    if (secret) {
      acceptInvitation(`${room}.${secret}`);
    } else {
      if (!chat.rooms.has(room)) await chat.request("join", { room });
      openRoom(room + message);
    }
    byId("room-form").reset();
    showProblem("");
  } catch (refusal) {
    showProblem(await describeRefusal(refusal));
  }
}

function showProblem(problem) {
  const box = byId("new-room");
  setContent(byId("room-problem"), problem);
  box.ariaInvalid = problem ? "true" : "false";
  if (problem) box.focus();
}
