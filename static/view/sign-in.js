// Who comes in: a name where people name themselves, a sign-in where the platform knows them.
import { ask, backoff, negotiate } from "./connection.js";
import { $, fill } from "./el.js";

const AWAY = "The server does not answer, or ChatAuth is not set.";

// The session, as soon as there is one in which somebody can connect.
async function begin(attempt = 0) {
	const session = await ask("session");
	if (session.auth) return session;
	$("welcome").hidden = false;
	fill("hint", `${AWAY} Trying again…`);
	await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
	return begin(attempt + 1);
}

// The session, with `me`.
export async function welcome() {
	const session = await begin();
	const form = $("name-form"), field = $("user"), link = $("sign-in"), open = session.auth === "open";
	session.me = open ? sessionStorage["chat.user"] : session.user;
	if (session.me) return session;
	fill("hint");
	$("welcome").hidden = false;
	form.hidden = !open;
	link.hidden = open;
	link.href = session.signIn;
	field.maxLength = session.limits.userIdLength;
	field.value = localStorage["chat.user"] ?? "";
	field.focus();
	return new Promise((resolve) => {
		form.onsubmit = async () => {
			const name = field.value.trim().normalize();
			const { url, error } = await negotiate(name);
			if (!url) return fill("hint", error?.message ?? AWAY);
			session.me = localStorage["chat.user"] = sessionStorage["chat.user"] = name;
			resolve(session);
		};
	});
}
