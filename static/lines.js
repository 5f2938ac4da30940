// What two versions of one line amount to: the earlier time counts, the newest text, and a deletion for good.
// A line without `sentAt` is a change that arrived before the message it belongs to.
export function merged(old, line) {
  if (!old) return line;
  const [earlier, later] = (old.editedAt ?? "") > (line.editedAt ?? "") ? [line, old] : [old, line];
  const deletedAt = old.deletedAt ?? line.deletedAt;
  const times = [old.sentAt, line.sentAt].filter(Boolean).sort();
  return {
    ...old, ...line,
    sentAt: times[0],
    message: deletedAt ? "" : later.message ?? earlier.message,
    editedAt: later.editedAt ?? earlier.editedAt,
    reactions: line.reactions ?? old.reactions,
    deletedAt,
  };
}

// The position of a line in everybody's order.
export const position = ({ sentAt, id }) => `${sentAt} ${id}`;

export function ordered(lines) {
  return [...lines].filter((line) => line.sentAt)
    .sort((a, b) => (a.sentAt < b.sentAt ? -1 : a.sentAt > b.sentAt ? 1 : a.id < b.id ? -1 : 1));
}
