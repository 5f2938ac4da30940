// Who comes in: a name where people name themselves, a sign-in where the platform knows them.
import { $ } from "./el.js";

const AWAY = "The server does not answer, or ChatAuth is not set.";

export function welcome({ auth, user, signIn, limits }, negotiate) {
	const form = $("name-form"), field = $("user"), link = $("sign-in");
	const say = (text) => ($("hint").textContent = text);
	const open = auth === "open", known = open ? sessionStorage["chat.user"] : user;
	if (known) return known;
	$("welcome").hidden = false;
	form.hidden = !open;
	link.hidden = !signIn;
	link.href = signIn;
	if (!auth) say(AWAY);
	if (open) field.maxLength = limits.userIdLength;
	field.value = localStorage["chat.user"] ?? "";
	field.focus();
	return new Promise((resolve) => {
		form.onsubmit = async (event) => {
			event.preventDefault();
			const name = field.value.trim().normalize();
			try {
				await negotiate(name);
				localStorage["chat.user"] = sessionStorage["chat.user"] = name;
				resolve(name);
			} catch ({ status, message }) {
				say(status ? message : AWAY);
			}
		};
	});
}
