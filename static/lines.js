// Two versions of one line: the earlier time counts, the newest text, a deletion for good. A line without `sentAt` is
// a change that came before its message.
export function merged(old, line) {
	if (!old) return line;
	const [first, last] = (old.editedAt ?? "") > (line.editedAt ?? "") ? [line, old] : [old, line];
	const deletedAt = old.deletedAt ?? line.deletedAt;
	const message = deletedAt ? "" : last.message ?? first.message;
	const [sentAt] = [old.sentAt, line.sentAt].filter(Boolean).sort();
	return { ...old, ...line, sentAt, message, editedAt: last.editedAt, deletedAt };
}

// A line's place in the order that everybody sees.
export const position = ({ sentAt, id }) => `${sentAt} ${id}`;

export function ordered(lines) {
	const placed = [...lines].filter((line) => line.sentAt).map((line) => [position(line), line]);
	return placed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}
