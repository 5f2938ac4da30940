// The smallest page on the chat's client: the lobby, whose messages are shown as they come. docs/embedding.md explains it.
import { Chat, requestJson } from "../client/index.js";

const session = await requestJson("session");
const name = new URLSearchParams(location.search).get("name") ?? "guest"; // where people name themselves
const isOpen = session.auth === "open";
const chat = new Chat({
  me: isOpen ? name : session.user,
  name: isOpen ? name : session.name,
  userId: isOpen ? name : undefined,
  lobby: session.lobby,
  storage: localStorage,
  onChange: () => show(),
});

function show() {
  const lines = [...chat.shownEntries().filter(({ from }) => from), ...chat.unsentMessages()];
  find("messages").replaceChildren(
    ...lines.map(({ from, message }) =>
      Object.assign(document.createElement("li"), { textContent: `${from}: ${message}` }),
    ),
  );
  find("state").textContent = chat.connectionState.name;
}

find("form").addEventListener("submit", () => {
  chat.sendMessage(find("text").value);
  find("form").reset();
});

/** @param {string} id @returns {any} */
function find(id) {
  return document.getElementById(id);
}
