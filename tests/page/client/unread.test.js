import assert from "node:assert/strict";
import test from "node:test";
import { applyFrame, beginJoin, countUnread, createRoom, isUnread, markRead } from "../../../static/client/index.js";
import { countAllUnread } from "../../../static/client/unread.js";
import { at, change, joined, line, range, since } from "./frames.js";

const apply = (room, ...frames) => {
  for (const frame of frames) applyFrame(room, frame, "ana", 0);
  return room;
};
const roomWith = (...frames) => apply(createRoom("lobby"), ...frames);

test("unread is what the server counted, and what others said since, each message once", () => {
  const room = roomWith(joined(range(51, 100), { read: 20, unread: 80 }));
  assert.equal(countUnread(room), 80);

  apply(room, line(101), line(101), line(102, { from: "ana" }), change("edited", 103, 60), line(104));

  assert.equal(countUnread(room), 82);
});

test("messages that came before the answer to join, and that it does not count, are counted", () => {
  assert.equal(countUnread(roomWith(line(100), line(101), joined(range(51, 100), { read: 90, unread: 10 }))), 11);
});

test("older pages and filled gaps do not count twice", () => {
  const room = roomWith(joined(range(51, 100), { read: 90, unread: 10 }));
  room.olderBefore = 51;
  apply(room, {
    type: "history",
    room: "lobby",
    messages: [line(50)],
    before: 50,
    complete: true,
    head: 100,
    first: 1,
  });
  beginJoin(room);
  apply(room, joined(range(71, 120), { read: 90, unread: 30 }), since(100, range(101, 120).map(line)));

  assert.equal(countUnread(room), 30);
});

test("what is read here is read, and only what is new is told", () => {
  const room = roomWith(joined(range(1, 10), { read: 4, unread: 6 }));

  assert.equal(markRead(room, 10), true);
  assert.equal(countUnread(room), 0);
  assert.equal(markRead(room, 10), false);
  apply(room, line(11));
  assert.equal(countUnread(room), 1);
  assert.equal(markRead(room, 11), true);
});

test("what is read on another device is read here", () => {
  const room = roomWith(joined(range(1, 10), { read: 4, unread: 6 }), line(11), line(12));

  apply(room, { type: "read", room: "lobby", seq: 8, unread: 4 });
  assert.deepEqual([countUnread(room), room.read], [4, 8]);
  apply(room, { type: "read", room: "lobby", seq: 11, unread: 1 }, line(13));
  assert.equal(countUnread(room), 2);
  apply(room, { type: "read", room: "lobby", seq: 4, unread: 9 });
  assert.equal(countUnread(room), 2);
});

test("an answer that does not know yet what was read here changes nothing", () => {
  const room = roomWith(joined(range(1, 10), { read: 4, unread: 6 }));
  markRead(room, 10);
  beginJoin(room);

  apply(room, joined(range(1, 10), { read: 4, unread: 6 }));

  assert.equal(countUnread(room), 0);
});

test("unread is what others said after the entry that was read", () => {
  assert.deepEqual(
    [line(1), line(2), line(3, { from: "ana" }), { user: "cy", event: "joined" }].map((one) => isUnread(one, "ana", 1)),
    [false, true, false, false],
  );
});

test("the id tells whose a message is, not the name, and what a reminder says is news for who set it", () => {
  const mine = { from: "Ana", user: "aad:1", seq: 2 };
  const namesakes = { from: "Ana", user: "github:1", seq: 2 };
  const reminder = { from: "reminder", user: "aad:1", kind: "reminder", seq: 2 };

  assert.deepEqual(
    [mine, namesakes, reminder].map((one) => isUnread(one, "aad:1", 1)),
    [false, true, true],
  );
});

const mention = (seq, more = {}) => line(seq, { mentions: ["ana"], ...more });
// The answer to `join` with the messages 1 to `last`, of which some mention the user.
const joinedWith = (last, mentioned, more) => {
  const messages = range(1, last).map((seq) => line(seq, mentioned.includes(seq) ? { mentions: ["ana"] } : {}));
  return joined(range(1, last), { messages, mentioned, ...more });
};
const mentionsOf = ({ mentioned }) => [...mentioned].sort((a, b) => a - b);

test("unread messages that mention the user are those that the server names, and those that come", () => {
  const room = roomWith(joinedWith(100, [95], { read: 90, unread: 10, level: "mentions" }));

  apply(room, mention(101), mention(101), line(102, { mentions: ["bo"] }), mention(103));

  assert.deepEqual(mentionsOf(room), [95, 101, 103]);
  assert.equal(room.level, "mentions");
});

test("a mention ends when it is read here or elsewhere, and when the message does not name the user any more", () => {
  const room = roomWith(joinedWith(100, [92, 94, 96, 98], { read: 90, unread: 10 }));

  apply(room, { type: "read", room: "lobby", seq: 93, unread: 7 });
  assert.deepEqual(mentionsOf(room), [94, 96, 98]);
  apply(room, change("deleted", 101, 94), change("edited", 102, 96, { mentions: ["bo"] }));
  assert.deepEqual(mentionsOf(room), [98]);
  apply(room, change("edited", 103, 97, { mentions: ["ana"] }));
  assert.deepEqual(mentionsOf(room), [97, 98]);
  apply(room, { type: "unmentioned", room: "lobby", id: "m97", seq: 97 });
  assert.deepEqual(mentionsOf(room), [98]);
  markRead(room, 103);
  assert.deepEqual(mentionsOf(room), []);
});

test("an older version of a message that comes late does not bring a mention back", () => {
  const room = roomWith(joined([]), mention(1), change("edited", 2, 1, { mentions: undefined }), mention(1));

  assert.deepEqual(mentionsOf(room), []);
});

test("in a room that is not joined a mention counts as an unread message too", () => {
  const room = roomWith(mentionedFrame(7), mentionedFrame(7));

  assert.deepEqual(mentionsOf(room), [7]);
  applyFrame(room, joined(range(1, 8), { read: 7, unread: 1, mentioned: [] }), "ana", 0);
  assert.deepEqual([mentionsOf(room), countUnread(room)], [[], 1]);
});

function mentionedFrame(seq) {
  return {
    type: "mentioned",
    room: "lobby",
    id: `m${seq}`,
    seq,
    from: "bo",
    user: "bo",
    message: "@ana",
    sentAt: at(seq),
  };
}

test("rooms of which the user wants to know nothing are left out of the count of all", () => {
  const heard = roomWith(joinedWith(9, [7], { read: 5, unread: 4 }));
  const quiet = roomWith(joinedWith(9, [7, 8], { read: 5, unread: 4, level: "none" }));

  assert.deepEqual(countAllUnread([heard, quiet]), { unread: 4, mentions: 1 });
});

test("where all unread messages are known, deleted ones and the user's own from another device do not count", () => {
  // The server's count is of all messages after the position.
  const room = roomWith(
    joined([1, 2, 3, 4], { read: 1, unread: 3, messages: [line(1), line(2), line(3, { from: "ana" }), line(4)] }),
  );
  assert.equal(countUnread(room), 2);

  apply(room, line(5), change("deleted", 6, 2, { message: "" }), change("edited", 7, 4), line(8, { from: "ana" }));
  assert.equal(countUnread(room), 2);
  apply(room, change("deleted", 9, 5, { message: "" }));
  assert.equal(countUnread(room), 1);
  assert.equal(markRead(room, 8), true);
  assert.equal(countUnread(room), 0);
});

test("while an entry is missing, the server's count and what came since then count", () => {
  const room = roomWith(joined([1, 2], { read: 0, unread: 2 }), line(5));
  assert.equal(countUnread(room), 3);

  apply(room, since(2, [line(3), change("deleted", 4, 1, { message: "" })]));
  assert.equal(countUnread(room), 3);
  assert.deepEqual(room.runs, [{ after: 0, last: 5 }]);
});
