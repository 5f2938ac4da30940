import assert from "node:assert/strict";
import { test } from "node:test";
import { canActOn, canChangeMessage, canGiveRoles, canModerate } from "../../../static/client/members.js";

const room = (kind, role, isAdmin = false) => ({ kind, rules: { role }, isAdmin });

test("the owner and the moderators of a room moderate it, and admins in public rooms only", () => {
  for (const kind of ["public", "private"]) {
    assert.equal(canModerate(room(kind, "owner")), true);
    assert.equal(canModerate(room(kind, "moderator")), true);
    assert.equal(canModerate(room(kind, "member")), false);
    assert.equal(canModerate(room(kind, null)), false);
  }
  assert.equal(canModerate(room("public", "member", true)), true);
  assert.equal(canModerate(room("private", "member", true)), false);
});

test("nobody moderates a direct conversation", () => {
  assert.equal(canModerate(room("direct", "member", true)), false);
  assert.equal(canGiveRoles(room("direct", "owner")), false);
  assert.equal(canActOn(room("direct", "member", true), "ana", "bo", "member"), false);
});

test("only the owner gives roles, and an admin in a public room", () => {
  assert.equal(canGiveRoles(room("private", "owner")), true);
  assert.equal(canGiveRoles(room("private", "moderator")), false);
  assert.equal(canGiveRoles(room("public", "member", true)), true);
  assert.equal(canGiveRoles(room("private", "moderator", true)), false);
});

test("a moderator acts on members, the owner on moderators too, and nobody on the owner or on oneself", () => {
  const acts = (role, isAdmin) =>
    ["owner", "moderator", "member"].filter((other) => canActOn(room("public", role, isAdmin), "ana", "bo", other));
  assert.deepEqual(acts("owner"), ["moderator", "member"]);
  assert.deepEqual(acts("moderator"), ["member"]);
  assert.deepEqual(acts("member"), []);
  assert.deepEqual(acts("member", true), ["moderator", "member"]);
  assert.equal(canActOn(room("public", "owner"), "ana", "ana", "member"), false);
});

test("authors edit and delete, moderators delete and pin, and everybody else reports", () => {
  const message = { id: "m1", from: "bo", user: "bo" };
  const allowed = (where, me) =>
    ["edit", "delete", "pin", "report"].filter((action) => canChangeMessage(where, me, message, action));
  assert.deepEqual(allowed(room("public", "member"), "bo"), ["edit", "delete"]);
  assert.deepEqual(allowed(room("public", "member"), "ana"), ["report"]);
  assert.deepEqual(allowed(room("private", "moderator"), "ana"), ["delete", "pin", "report"]);
  assert.deepEqual(allowed(room("private", "owner"), "bo"), ["edit", "delete", "pin"]);
  assert.deepEqual(allowed(room("public", "member", true), "ana"), ["edit", "delete", "pin", "report"]);
  assert.deepEqual(allowed(room("private", "member", true), "ana"), ["report"]);
  assert.deepEqual(allowed(room("direct", "member"), "ana"), []);
});
