// What two versions of one line amount to: the earlier time, the newest text, a deletion for good. A line without
// `sentAt` is a change that came before its message.
export function merged(old, line) {
  if (!old) return line;
  const [first, last] = (old.editedAt ?? "") > (line.editedAt ?? "") ? [line, old] : [old, line];
  const deletedAt = old.deletedAt ?? line.deletedAt;
  return {
    ...old, ...line, deletedAt,
    sentAt: [old.sentAt, line.sentAt].filter(Boolean).sort()[0],
    message: deletedAt ? "" : last.message ?? first.message,
    editedAt: last.editedAt,
  };
}

// A line's place in the order that everybody sees.
export const position = ({ sentAt, id }) => `${sentAt} ${id}`;

export function ordered(lines) {
  const byPlace = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);
  return [...lines].filter((line) => line.sentAt).map((line) => [position(line), line]).sort(byPlace).map(([, line]) => line);
}
