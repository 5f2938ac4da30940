import assert from "node:assert/strict";
import test from "node:test";
import { createPresence, iconWithCount, nextMention } from "../../../static/view/attention.js";
import { peopleToMention } from "../../../static/view/completion.js";
import { titleMark } from "../../../static/view/format.js";
import { isNotable, notificationText } from "../../../static/view/notifications.js";

test("the title counts mentions and messages, and nothing when there are none", () => {
  const marks = [
    [0, 0],
    [5, 0],
    [5, 2],
    [0, 1],
  ].map(([unread, mentions]) => titleMark({ unread, mentions }));

  assert.deepEqual(marks, ["", "(5) ", "(2 @ · 5) ", "(1 @) "]);
});

test("the icon shows how often the user is mentioned, else how many messages are unread, 99+ at most", () => {
  const shown = (unread, mentions) =>
    decodeURIComponent(iconWithCount({ unread, mentions })).match(/>([^<>]+)<\/text>/)[1];

  assert.deepEqual([shown(5, 0), shown(5, 2), shown(100, 0)], ["5", "2", "99+"]);
});

test("a notification has one line, with the first 120 characters", () => {
  assert.equal(notificationText({ from: "bo", message: " hello\n\n  you " }), "bo: hello you");
  assert.equal(notificationText({ from: "bo", message: "😀".repeat(130) }), `bo: ${"😀".repeat(120)}…`);
});

test("the room's level decides of which messages one is notified, and never of one's own or of what was read", () => {
  const room = (level) => ({ level, read: 10 });
  const said = { from: "bo", user: "bo", seq: 11 };
  const named = { ...said, mentions: ["ana"] };

  assert.ok(isNotable(said, room("all"), "ana"));
  assert.ok(!isNotable(said, room("mentions"), "ana"));
  assert.ok(isNotable(named, room("mentions"), "ana"));
  assert.ok(isNotable({ ...said, type: "mentioned" }, room("mentions"), "ana"));
  assert.ok(!isNotable(named, room("none"), "ana"));
  assert.ok(!isNotable({ ...named, user: "ana" }, room("all"), "ana"));
  assert.ok(!isNotable({ ...named, seq: 10 }, room("all"), "ana"));
  assert.ok(isNotable({ ...said, user: "ana", from: "reminder", kind: "reminder" }, room("all"), "ana"));
});

test("a user is away when the page is hidden or after a time without input, and back at the first input", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const told = [];
  const presence = createPresence((isAway) => told.push(isAway), { idleMs: 1000 });

  t.mock.timers.tick(900);
  presence.onInput();
  t.mock.timers.tick(900);
  assert.deepEqual(told, []);
  t.mock.timers.tick(100);
  presence.onInput();
  presence.setHidden(true);
  t.mock.timers.tick(5000);
  presence.setHidden(false);

  assert.deepEqual(told, [true, false, true, false]);
});

test("one goes from each unread mention to the next, and after the last to the first", () => {
  const mentioned = new Set([40, 7, 19]);

  assert.deepEqual(
    [0, 7, 19, 40, 99].map((shown) => nextMention(mentioned, shown)),
    [7, 19, 40, 7, 7],
  );
});

test("who may be mentioned is ordered by who spoke last, then who is here, then members, each once", () => {
  const entries = ["bo", "cy", "ana", "bo", "reminder"].map((user) => ({ user, from: user }));
  entries.at(-1).kind = "reminder";
  const names = { me: "ana", nameOf: (user) => user.toUpperCase() };

  const people = peopleToMention(entries, new Set(["ana", "dee", "cy"]), ["eve", "dee"], names);

  assert.deepEqual(
    people.map(({ user, name }) => `${user} ${name}`),
    ["bo BO", "cy CY", "dee DEE", "eve EVE"],
  );
});
