// The first screen: a name where people name themselves, a sign-in where the platform knows them.
import { byId } from "./el.js";

export function welcome({ auth, user, signIn, limits }, negotiate, enter) {
	const form = byId("name-form"), field = byId("user"), hint = byId("hint");
	const go = (name) => {
		byId("welcome").hidden = true;
		enter(name);
	};

	const known = auth === "open" ? sessionStorage["chat.user"] : user;
	if (known) return go(known);
	byId("welcome").hidden = false;
	form.hidden = auth !== "open";
	byId("sign-in").hidden = !signIn;
	byId("sign-in").href = signIn;
	if (auth === null) hint.textContent = "Nobody can come in yet: the server's ChatAuth setting is missing.";
	if (auth === undefined) {
		hint.textContent = "The server does not answer. Trying again…";
		return setTimeout(() => location.reload(), 4000);
	}
	field.maxLength = limits.userIdLength;
	field.value = localStorage["chat.user"] ?? "";
	field.focus();
	form.onsubmit = async (event) => {
		event.preventDefault();
		const name = field.value.trim().normalize();
		try {
			await negotiate(name);
		} catch ({ status, message }) {
			hint.textContent = status ? message : "The server does not answer. Try again.";
			return;
		}
		localStorage["chat.user"] = sessionStorage["chat.user"] = name;
		go(name);
	};
}
