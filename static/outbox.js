// What was typed and is not yet confirmed, each under a storage key of its own: tabs must not overwrite each other.
export function outbox(storage, user) {
	const prefix = `chat.outbox.${user}.`;
	const keys = Object.keys(storage).filter((key) => key.startsWith(prefix));
	const entries = new Map(keys.map((key) => [key.slice(prefix.length), JSON.parse(storage[key])]));
	return {
		get: (clientId) => entries.get(clientId),
		all: () => [...entries.values()].sort((a, b) => a.at - b.at),
		put(entry) {
			const key = prefix + entry.clientId;
			entries.set(entry.clientId, entry);
			if (entry.state === "sent") delete storage[key]; // the server has it
			else storage[key] = JSON.stringify(entry);
		},
		drop(clientId) {
			entries.delete(clientId);
			delete storage[prefix + clientId];
		},
	};
}
