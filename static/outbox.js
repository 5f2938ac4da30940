// Lines not yet confirmed, each under its own storage key: tabs must not overwrite each other.
export function outbox(storage, user) {
	const prefix = `chat.outbox.${user}.`;
	const stored = Object.keys(storage).filter((key) => key.startsWith(prefix)).map((key) => JSON.parse(storage[key]));
	const entries = new Map(stored.map((entry) => [entry.id, entry]));
	return {
		get: (id) => entries.get(id),
		all: () => [...entries.values()].sort((a, b) => (a.sentAt < b.sentAt ? -1 : 1)),
		put(line, state, error) {
			const entry = { ...line, state, error };
			entries.set(entry.id, entry);
			if (state === "sent") delete storage[prefix + entry.id];
			else storage[prefix + entry.id] = JSON.stringify(entry);
		},
		drop(id) {
			entries.delete(id);
			delete storage[prefix + id];
		},
	};
}
