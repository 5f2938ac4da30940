// The client URL of a user; rejects with `status` and the server's own words, where it had any.
export async function negotiate(id) {
	const answer = await fetch("negotiate", { method: "POST", body: JSON.stringify({ id }) });
	const { url, error } = await answer.json().catch(() => ({}));
	if (url) return url;
	throw Object.assign(new Error(error?.message), { status: answer.status });
}
