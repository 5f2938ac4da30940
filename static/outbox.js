// What was typed and is not yet confirmed. A storage key for each entry, so that tabs do not overwrite each other.
export function outbox(storage, user) {
  const prefix = `chat.outbox.${user}.`;
  const keys = Object.keys(storage).filter((key) => key.startsWith(prefix));
  const entries = new Map(keys.map((key) => [key.slice(prefix.length), JSON.parse(storage.getItem(key))]));

  return {
    get: (clientId) => entries.get(clientId),
    all: (room) => [...entries.values()].filter((entry) => !room || entry.room === room).sort((a, b) => a.at - b.at),
    put(entry) {
      entries.set(entry.clientId, entry);
      if (entry.state === "sent") storage.removeItem(prefix + entry.clientId); // the server has it
      else storage.setItem(prefix + entry.clientId, JSON.stringify(entry));
    },
    drop(clientId) {
      entries.delete(clientId);
      storage.removeItem(prefix + clientId);
    },
  };
}
