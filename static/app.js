// The way in: who decides names here, the first screen, then the chat.
import { chat } from "./chat.js";
import { negotiate } from "./negotiate.js";
import { welcome } from "./welcome.js";

const session = await fetch("session").then((answer) => answer.json()).catch(() => ({}));
const connectAs = (user) => negotiate(session.auth === "open" ? user : undefined);
welcome(session, connectAs, (user) => chat(session, user, () => connectAs(user)));
