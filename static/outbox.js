// What was typed and not yet confirmed. Each entry has a storage key of its own, so tabs cannot overwrite each other.
export function outbox(storage, user) {
  const prefix = `chat.outbox.${user}.`;
  const entries = new Map();
  for (const key of Object.keys(storage).filter((name) => name.startsWith(prefix))) {
    const entry = JSON.parse(storage.getItem(key));
    entries.set(entry.clientId, entry);
  }

  return {
    // In the order they were typed; of one room when a room is named.
    all: (room) => [...entries.values()].filter((entry) => !room || entry.room === room)
      .sort((a, b) => a.at - b.at),
    has: (clientId) => entries.has(clientId),
    put(entry) {
      entries.set(entry.clientId, entry);
      // Accepted by the server: only this page still waits to see it.
      if (entry.state === "sent") storage.removeItem(prefix + entry.clientId);
      else storage.setItem(prefix + entry.clientId, JSON.stringify(entry));
    },
    drop(clientId) {
      entries.delete(clientId);
      storage.removeItem(prefix + clientId);
    },
  };
}
