import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRules, formatAct, formatDuration } from "../../../static/view/acts.js";

const AT = "2026-01-31T12:00:00.000Z";
const names = { ana: "Ana", bo: "Bo" };
const say = (act) =>
  formatAct({ by: "ana", at: AT, ...act }, (user) => names[user] ?? user).replace(/[\u2068\u2069]/g, "");

test("an act is one line without its reason", () => {
  const muted = { act: "mute", user: "bo", until: "2026-01-31T12:09:59.900Z", reason: "secret" };
  assert.equal(say(muted), "Ana muted Bo for 10 minutes");
  assert.equal(say({ act: "mute", user: "bo", until: null }), "Ana muted Bo");
  assert.equal(say({ act: "ban", user: "bo", until: "2026-02-01T12:00:00.000Z" }), "Ana banned Bo for 1 day");
  assert.equal(say({ act: "delete", user: "bo", messageId: "m1" }), "Ana deleted a message of Bo");
  assert.equal(say({ act: "kick", user: "dee" }), "Ana removed dee");
  assert.equal(say({ act: "slow", seconds: 90 }), "Ana set slow mode: 1.5 minutes");
  assert.equal(say({ act: "slow", seconds: 0 }), "Ana set slow mode: off");
  assert.equal(say({ act: "role", user: "bo", role: "owner" }), "Ana made Bo owner");
  assert.equal(say({ act: "rename", title: "Tea" }), "Ana named the room Tea");
  assert.equal(say({ act: "remove", user: "ana" }), "Ana gave up the membership");
  assert.equal(say({ act: "remove", user: "bo" }), "Ana ended the membership of Bo");
  assert.equal(say({ act: "uninvite", user: "ana" }), "Ana declined the invitation");
  assert.equal(say({ act: "uninvite", user: "bo" }), "Ana took back the invitation of Bo");
});

test("an act of a later version of the app is not shown", () => {
  assert.equal(say({ act: "freeze", user: "bo" }), "");
  assert.equal(say({ act: "unban", user: "bo" }), "Ana unbanned Bo");
});

test("a time is told in its largest unit", () => {
  const told = [1, 30, 59, 60, 3599, 3600, 86_400, 604_800].map(formatDuration);
  const expected = ["1 second", "30 seconds", "1 minute", "1 minute", "1 hour", "1 hour", "1 day", "7 days"];
  assert.deepEqual(told, expected);
});

test("the composer says what holds for the user", () => {
  const now = Date.parse(AT);
  const rules = { role: "member", closed: false, slow: 0, muted: undefined };
  const told = (changed, isAdmin = false) => describeRules({ rules: { ...rules, ...changed }, isAdmin }, now);
  assert.equal(told({}), "");
  assert.equal(told({ closed: true }), "This room is closed: only its moderators can write.");
  assert.equal(told({ closed: true, role: "moderator" }), "");
  assert.equal(told({ closed: true }, true), "");
  assert.equal(told({ slow: 30 }), "Slow mode: one message in 30 seconds.");
  assert.equal(told({ muted: null }), "You are muted here.");
  assert.equal(told({ muted: "2026-01-31T12:09:30.000Z" }), "You are muted here for 10 minutes.");
  assert.equal(told({ muted: "2026-01-31T12:00:20.500Z" }), "You are muted here for 21 seconds.");
  assert.equal(told({ muted: AT }), "");
});
