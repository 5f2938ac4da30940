// The page. The first screen does not wait for the chat's modules.
import { loadStyle } from "./view/dom.js";
import { signIn } from "./view/sign-in.js";

async function loadChat() {
  const [page] = await Promise.all([import("./view/chat-page.js"), loadStyle("chat.css")]);
  return page;
}

if (sessionStorage.getItem("chat.user")) loadChat();
const session = await signIn(loadChat);
const { showChat } = await loadChat();
showChat(session);
