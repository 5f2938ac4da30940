// The way in: who decides names here, then the first screen, then the chat.
import { chat } from "./chat.js";
import { negotiation } from "./negotiation.js";
import { welcome } from "./welcome.js";

const session = await fetch("session").then((answer) => answer.json()).catch(() => ({}));
session.lobby ??= "lobby";
session.limits ??= { messageBytes: 4096, userIdLength: 64 };
const negotiate = (user) => negotiation(session.auth === "open" ? { id: user } : {});
welcome(session, negotiate, (user) => chat(session, user, () => negotiate(user)));
