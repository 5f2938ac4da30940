// Milliseconds before the next attempt: doubling from one second to thirty, jittered.
export function backoff(attempt, random = Math.random()) {
	return Math.min(30_000, 1000 * 2 ** attempt) * (0.5 + random / 2);
}
