"""The list of a group's members, page by page."""

from typing import Any

from conformance.context import Context, group_path
from conformance.expectations import expect, expect_true
from conformance.registry import case


async def members(case: Context, count: int) -> tuple[list[str], str]:
    """Return the ids of so many members of a new group, in order, and the path of its list."""
    group = case.name("g")
    clients = [await case.connect(case.name(f"u{number}"), groups=[group]) for number in range(count)]
    return sorted(client.id for client in clients), f"{group_path(group)}/connections"


async def next_page(case: Context, link: str) -> dict[str, Any]:
    """Return the page of a `nextLink`."""
    token = case.rest_token(link.partition("?")[0])
    async with case.http.get(link, headers={"Authorization": f"Bearer {token}"}) as response:
        expect("status of the next page", response.status, 200)
        page: dict[str, Any] = await response.json()
        return page


def ids(page: dict[str, object]) -> list[str]:
    """Return the connection ids of a page."""
    value = page["value"]
    assert isinstance(value, list)
    return [entry["connectionId"] for entry in value]


@case("W-188", "Three members in pages of two are two with a nextLink, then one without.")
async def pages(case: Context) -> None:
    expected, path = await members(case, 3)
    first = (await case.succeed(200, "GET", path, query={"maxpagesize": "2"})).json()
    expect("first page", len(ids(first)), 2)
    second = await next_page(case, first["nextLink"])
    expect("all members", sorted(ids(first) + ids(second)), expected)
    users = {entry["userId"] for page in (first, second) for entry in page["value"]}
    expect("users", users, {case.name(f"u{number}") for number in range(3)})
    expect("last nextLink", second.get("nextLink"), None)


@case("W-189", "top limits the whole list.")
async def top(case: Context) -> None:
    _, path = await members(case, 2)
    page = (await case.succeed(200, "GET", path, query={"top": "1"})).json()
    expect("members and nextLink", (len(ids(page)), page.get("nextLink")), (1, None))


@case("W-190", "maxpagesize is 1 to 200; a foreign token is 400.", source="emulator")
async def invalid_pages(case: Context) -> None:
    _, path = await members(case, 2)
    for query in ({"maxpagesize": "0"}, {"maxpagesize": "201"}, {"continuationToken": "foreign"}):
        await case.succeed(400, "GET", path, query=query)


@case("W-285", "A nextLink names maxpagesize 200 where the request named none.", source="emulator")
async def default_page_size(case: Context) -> None:
    _, path = await members(case, 201)
    link = (await case.succeed(200, "GET", path)).json()["nextLink"]
    expect_true(
        "maxpagesize=200 and the version", {"maxpagesize=200", "api-version=2024-12-01"} <= query_of(link), link
    )


@case("W-286", "A nextLink names the version 2024-12-01.", source="emulator")
async def version_of_next_link(case: Context) -> None:
    _, path = await members(case, 2)
    response = await case.succeed(200, "GET", path, query={"maxpagesize": "1"}, api_version="2023-07-01")
    expect_true(
        "the version 2024-12-01", "api-version=2024-12-01" in query_of(response.json()["nextLink"]), response.json()
    )


def query_of(link: str) -> set[str]:
    """Return the parameters of a URL."""
    return set(link.partition("?")[2].split("&"))


@case("W-287", "An empty, blank or repeated continuationToken is 400.", source="emulator")
async def empty_tokens(case: Context) -> None:
    _, path = await members(case, 1)
    for values in ([""], [" "], ["a", "a"]):
        await case.succeed(400, "GET", path, query=[("continuationToken", value) for value in values])


@case("W-288", "On the last page nextLink is null or absent.")
async def last_page(case: Context) -> None:
    group = case.name("g")
    client = await case.connect(groups=[group])
    page = (await case.succeed(200, "GET", f"{group_path(group)}/connections")).json()
    expect("members and nextLink", (ids(page), page.get("nextLink")), ([client.id], None))
    expect("user of a connection without one", page["value"][0].get("userId"), None)
