"""Roles of the token: what a client may do to which groups."""

from collections.abc import Mapping

from conformance.context import Context, group_path
from conformance.expectations import expect
from conformance.registry import case


async def expect_allowed(case: Context, role: str, type_: str, groups: Mapping[str, bool]) -> None:
    """Check for which of the groups a role allows a request."""
    client = await case.connect(roles=(role,))
    for number, (group, allowed) in enumerate(groups.items()):
        data = {"dataType": "text", "data": "x"} if type_ == "sendToGroup" else {}
        ack = await client.request(type_, number, group=group, **data)
        expect(f"with {role}, {type_} {group}", ack["success"], allowed)


@case("W-031", "joinGroup without a role is Forbidden, and the client does not become a member.")
async def join_without_role(case: Context) -> None:
    group = case.name("g")
    client = await case.connect(roles=())
    await client.fail("Forbidden", "joinGroup", 1, group=group)
    await case.send(group_path(group), "unseen")
    await client.expect_nothing()


@case("W-032", "sendToGroup without a role is Forbidden, and nobody receives it.")
async def send_without_role(case: Context) -> None:
    group = case.name("g")
    sender, member = await case.connect(roles=()), await case.connect(groups=[group])
    await sender.fail("Forbidden", "sendToGroup", 1, group=group, dataType="text", data="x")
    await member.expect_nothing()


@case("W-033", "An event needs no role.", needs_handler=True)
async def event_without_role(case: Context) -> None:
    events = case.use_events()
    client = await case.connect(roles=())
    await client.succeed("event", 1, event="e", dataType="text", data="x")
    expect("body", (await events.one("e")).body, b"x")


@case("W-034", "A role for one group allows that group, dots included, and no other.")
async def role_for_one_group(case: Context) -> None:
    role = "webpubsub.joinLeaveGroup.a.b"
    await expect_allowed(case, role, "joinGroup", {"a.b": True, "a": False, "a.b.c": False, "b": False})
    await expect_allowed(case, role, "leaveGroup", {"a.b": True, "a": False})


@case("W-035", "In a singular role a star is an ordinary character.")
async def star_in_singular_role(case: Context) -> None:
    await expect_allowed(case, "webpubsub.sendToGroup.room*", "sendToGroup", {"room*": True, "room1": False})


@case("W-036", "In a plural role a star stands for anything without dots.")
async def star_in_plural_role(case: Context) -> None:
    groups = {"room.a": True, "room.": True, "room.a.b": False, "roo.a": False}
    await expect_allowed(case, "webpubsub.sendToGroups.room.*", "sendToGroup", groups)


@case("W-037", "In a plural role two stars stand for anything.")
async def two_stars(case: Context) -> None:
    groups = {"room.a": True, "room.a.b": True, "roo.a": False}
    await expect_allowed(case, "webpubsub.joinLeaveGroups.room.**", "joinGroup", groups)


@case("W-038", "A question mark stands for one character that is no dot.")
async def question_mark(case: Context) -> None:
    groups = {"room": True, "rom": False, "r.om": False, "rooom": False}
    await expect_allowed(case, "webpubsub.joinLeaveGroups.r?om", "joinGroup", groups)


@case("W-039", "A star behind a backslash stands for a star.")
async def escaped_star(case: Context) -> None:
    await expect_allowed(case, r"webpubsub.joinLeaveGroups.a\*b", "joinGroup", {"a*b": True, "axb": False})


@case("W-040", "Patterns distinguish upper and lower case.")
async def pattern_letter_case(case: Context) -> None:
    await expect_allowed(case, "webpubsub.joinLeaveGroups.room.*", "joinGroup", {"room.a": True, "Room.a": False})


@case("W-041", "A pattern with more than five wildcards is left out.", source="emulator")
async def too_many_wildcards(case: Context) -> None:
    await expect_allowed(case, "webpubsub.joinLeaveGroups.*a*a*a*a*", "joinGroup", {"aaaa": True})
    await expect_allowed(case, "webpubsub.joinLeaveGroups.*a*a*a*a*a*", "joinGroup", {"aaaaa": False})


@case("W-042", "A sender need not be a member, and then gets no copy.")
async def send_without_membership(case: Context) -> None:
    group = case.name("g")
    sender, member = await case.connect(), await case.connect(groups=[group])
    await sender.succeed("sendToGroup", 1, group=group, dataType="text", data="x")
    expect("data", await member.data(), "x")
    await sender.expect_nothing()


@case("W-043", "A member by its token receives, and cannot leave without a role.")
async def member_without_role(case: Context) -> None:
    group = case.name("g")
    client = await case.connect(roles=(), groups=[group])
    await client.fail("Forbidden", "leaveGroup", 1, group=group)
    await case.send(group_path(group), "x")
    expect("data", await client.data(), "x")
