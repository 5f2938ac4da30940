// Asks the backend for a client URL. Rejects with `status` and the server's own words, where it had any.
export async function negotiation(body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("negotiate", { method: "POST", headers, body: JSON.stringify(body) });
  const { url, error } = await answer.json().catch(() => ({}));
  if (answer.ok) return url;
  throw Object.assign(new Error(error?.message), { status: answer.status });
}
