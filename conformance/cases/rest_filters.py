"""Filters of REST calls."""

from conformance.context import Context, group_path
from conformance.expectations import expect
from conformance.registry import case


@case("W-195", "userId eq null chooses connections without a user.")
async def filter_null(case: Context) -> None:
    await expect_selected(case, {"userId eq null": {"none"}})


@case("W-196", "A filter asks for membership, for one of several values, for a size.")
async def filter_membership(case: Context) -> None:
    filters = {"'g' in groups": {"a"}, "userId in ('a','b')": {"a", "b"}, "length(groups) gt 1": {"a"}}
    await expect_selected(case, filters)


@case("W-197", "not and doubled quotation marks are valid.")
async def filter_not(case: Context) -> None:
    filters = {"not (userId eq 'a') and not (userId eq null)": {"b", "A", "it's"}, "userId eq 'it''s'": {"it's"}}
    await expect_selected(case, filters)


@case("W-198", "Texts are compared with their letter case.")
async def filter_letter_case(case: Context) -> None:
    await expect_selected(case, {"userId eq 'A'": {"A"}, "tolower(userId) eq 'a'": {"a", "A"}})


async def expect_selected(case: Context, filters: dict[str, set[str]]) -> None:
    """Check which of the users a, b, A, it's and none each filter chooses; a is in two groups."""
    case.use_own_hub()
    clients = {
        user: await case.connect(user, groups=["g", "h"] if user == "a" else []) for user in ("a", "b", "A", "it's")
    }
    clients["none"] = await case.connect()
    for filter_, expected in filters.items():
        await case.send("", "chosen", query={"filter": filter_})
        await case.send("", "everybody")
        chosen = set()
        for user, client in clients.items():
            while await client.data() != "everybody":
                chosen.add(user)
        expect(f"chosen by {filter_}", chosen, expected)


@case("W-199", "A comparison of wrong types, an unknown name and trailing text are 400.")
async def invalid_filters(case: Context) -> None:
    for filter_ in ("userId lt 1", "unknown eq 'a'", "userId eq 'a' 'b'"):
        call = {"body": "x", "content_type": "text/plain", "query": {"filter": filter_}}
        await case.succeed(400, "POST", f"{group_path('g')}/:send", **call)


@case("W-200", "Nesting of more than 100 is 400.", source="emulator")
async def deep_filter(case: Context) -> None:
    for depth, status in ((50, 202), (101, 400)):
        filter_ = "(" * depth + "userId eq 'a'" + ")" * depth
        call = {"body": "x", "content_type": "text/plain", "query": {"filter": filter_}}
        await case.succeed(status, "POST", f"{group_path('g')}/:send", **call)
