// The page. The first screen does not wait for the chat's modules.
import { signIn } from "./view/sign-in.js";

const loadChat = () => import("./view/chat-page.js");

if (sessionStorage.getItem("chat.user")) loadChat();
const session = await signIn(loadChat);
const { showChat } = await loadChat();
showChat(session);
