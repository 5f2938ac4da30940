// Frames as the server sends them.
export const at = (second) => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();

/** Returns a chat line; without more, it is as it was said. */
export const line = (seq, more = {}) => ({
  id: `m${seq}`,
  room: "lobby",
  from: "bo",
  message: `${seq}`,
  sentAt: at(seq),
  seq,
  version: seq,
  ...more,
});

/** Returns the frame of entry `seq`, which changed the message with the number `messageSeq`. */
export const change = (type, seq, messageSeq, more = {}) => ({
  type,
  room: "lobby",
  id: `m${messageSeq}`,
  seq,
  version: seq,
  messageSeq,
  message: `${messageSeq}`,
  by: "bo",
  at: at(seq),
  ...more,
});

/** Returns the numbers from one to another. */
export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Returns the fields of a page with the messages of these numbers; every entry is a message. */
export const page = (seqs, more = {}) => ({
  room: "lobby",
  messages: seqs.map((seq) => line(seq)),
  before: seqs[0] > 1 ? seqs[0] : null,
  complete: true,
  head: seqs.at(-1) ?? 0,
  first: 1,
  ...more,
});

/** Returns the answer to `join`. */
export const joined = (seqs, more = {}) => ({
  type: "joined",
  user: "ana",
  users: ["ana"],
  count: 1,
  admin: false,
  read: 0,
  unread: 0,
  ...page(seqs),
  ...more,
});

/** Returns the answer to `join` and `history` when storage cannot be read. */
export const unreadable = { messages: [], before: null, complete: false, head: null, first: null };

/** Returns the answer to `since` with these entries. */
export const since = (after, entries, more = {}) => ({
  type: "since",
  room: "lobby",
  after,
  entries,
  head: entries.at(-1)?.seq ?? after,
  first: 1,
  complete: true,
  ...more,
});
