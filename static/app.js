// The page: who is here, which rooms, what happens to each frame and each click. State in one place, drawing from it.
import { chat } from "./chat.js";
import { welcome } from "./welcome.js";

const session = await fetch("session").then((answer) => answer.json()).catch(() => ({}));
session.lobby ??= "lobby";
session.limits = { messageBytes: 4096, userIdLength: 64, roomLength: 64, ...session.limits };
welcome(session, (user) => chat(session, user));
