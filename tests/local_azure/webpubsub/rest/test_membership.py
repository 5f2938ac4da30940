from typing import Any

import pytest

from local_azure.webpubsub import Service
from local_azure.webpubsub.settings import Limits, Settings
from tests.local_azure.webpubsub.harness import FAST, RELIABLE_JSON, Client, Harness, until
from tests.local_azure.webpubsub.rest.rest_client import RestClient


def members(service: Service, group: str) -> set[str | None]:
    return {connection.user_id for connection in service.hubs.hub("chat").group_members(group)}


async def people(harness: Harness, service: Service, *users: str) -> list[Client]:
    return [await harness.connect(service, user) for user in users]


async def test_w179_a_connection_joins_by_rest_without_a_role(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    ana = await harness.connect(service, "ana", roles=[])

    assert (await rest("PUT", f"/groups/room/connections/{ana.id}")).status == 200
    await rest.text("/groups/room/:send", "hi")

    assert await ana.data() == "hi"


async def test_w180_a_connection_leaves_one_group_or_all(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", groups=["a", "b", "c"])

    assert (await rest("DELETE", f"/groups/a/connections/{ana.id}")).status == 204
    assert [members(service, group) for group in "abc"] == [set(), {"ana"}, {"ana"}]
    assert (await rest("DELETE", f"/connections/{ana.id}/groups")).status == 204
    assert [members(service, group) for group in "abc"] == [set(), set(), set()]


async def test_w181_a_user_joins_with_its_current_connections(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    now = await people(harness, service, "ana", "ana")

    assert (await rest("PUT", "/users/ana/groups/room")).status == 200
    [later] = await people(harness, service, "ana")
    await rest.text("/groups/room/:send", "hi")

    assert [await client.data() for client in now] == ["hi", "hi"]
    await later.expect_no_message()


async def test_w182_a_user_without_connections_cannot_join(rest: RestClient) -> None:
    answer = await rest("PUT", "/users/nobody/groups/room")

    assert (answer.status, answer.json()["code"]) == (404, "Warning.User.NotExisted")


async def test_a_user_leaves_one_group_or_all(harness: Harness, service: Service, rest: RestClient) -> None:
    for _ in range(2):
        await harness.connect(service, "ana", groups=["a", "b"])
    await harness.connect(service, "bo", groups=["a"])

    assert (await rest("DELETE", "/users/ana/groups/a")).status == 204
    assert [members(service, "a"), members(service, "b")] == [{"bo"}, {"ana"}]
    assert (await rest("DELETE", "/users/ana/groups")).status == 204
    assert members(service, "b") == set()


async def test_w183_a_filter_selects_who_joins(harness: Harness, service: Service, rest: RestClient) -> None:
    await people(harness, service, "ana", "bo", "cy")

    answer = await rest.document("/:addToGroups", {"groups": ["x", "y"], "filter": "userId in ('ana','bo')"})

    assert (answer.status, answer.body) == (200, b"")
    assert members(service, "x") == members(service, "y") == {"ana", "bo"}


@pytest.mark.parametrize("selection", [{}, {"filter": None}, {"filter": ""}])
async def test_w183_without_a_filter_all_join_and_leave(
    harness: Harness, service: Service, rest: RestClient, selection: dict[str, object]
) -> None:
    await people(harness, service, "ana", "bo")

    await rest.document("/:addToGroups", {"groups": ["x"]} | selection)
    assert members(service, "x") == {"ana", "bo"}
    assert (await rest.document("/:removeFromGroups", {"groups": ["x"]} | selection)).status == 200
    assert members(service, "x") == set()


async def test_w183_the_selection_is_made_before_any_change(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    for user in ("ana", "bo"):
        await harness.connect(service, user, groups=["a"])

    await rest.document("/:removeFromGroups", {"groups": ["a", "b"], "filter": "'a' in groups"})
    await rest.document("/:addToGroups", {"groups": ["a", "b"], "filter": "length(groups) eq 0"})

    assert members(service, "a") == members(service, "b") == {"ana", "bo"}


@pytest.mark.parametrize("path", ["/:addToGroups", "/:removeFromGroups"])
@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("{", "Request"),
        ("[]", "Request"),
        ("[" * 100_000, "Request"),
        ("9" * 5000, "Request"),
        ("null", "Request"),
        ("{}", "groups"),
        ('{"groups":null}', "groups"),
        ('{"groups":[]}', "groups"),
        ('{"groups":["x"," "]}', "groups"),
        ('{"groups":"x"}', "groups"),
        ('{"groups":[""]}', "groups"),
        ('{"groups":[null]}', "groups"),
        ('{"groups":["\\ud800"]}', "groups"),
        ('{"groups":["x"],"filter":5}', "filter"),
        ('{"groups":["x"],"filter":" "}', "filter"),
        ('{"groups":["x"],"filter":"userId lt 1"}', "filter"),
    ],
)
async def test_w183_w276_w277_a_malformed_selection_is_400_and_changes_nothing(
    harness: Harness, service: Service, rest: RestClient, path: str, body: str, target: str
) -> None:
    await harness.connect(service, "ana", groups=["hall"])

    answer = await rest("POST", path, body=body, content_type="application/json")

    assert (answer.status, answer.json()["code"], answer.json()["target"]) == (400, "Error.BadRequest", target)
    assert (members(service, "x"), members(service, "hall")) == (set(), {"ana"})


async def test_w278_the_properties_of_a_selection_are_matched_in_any_letter_case(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    await harness.connect(service, "ana")

    assert (await rest.document("/:addToGroups", {"Groups": ["x"], "FILTER": None})).status == 200

    assert members(service, "x") == {"ana"}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/octet-stream", "application/json; charset=klingon", None]
)
async def test_w279_a_selection_that_is_no_json_is_415(rest: RestClient, content_type: str | None) -> None:
    answer = await rest("POST", "/:addToGroups", body='{"groups":["x"]}', content_type=content_type)

    assert answer.status == 415


async def test_a_detached_connection_joins_and_leaves(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    ana.cut()
    connection = service.hubs.hub("chat").connection(ana.id)
    await until(lambda: connection is not None and connection.transport is None)

    assert (await rest("PUT", f"/groups/room/connections/{ana.id}")).status == 200
    assert members(service, "room") == {"ana"}


# --- listing -----------------------------------------------------------------


async def three_members(harness: Harness, service: Service) -> list[str]:
    clients = [await harness.connect(service, user, groups=["room"]) for user in ("ana", "bo", None)]
    return sorted(client.id for client in clients)


def ids(page: Any) -> list[str]:
    return [member["connectionId"] for member in page["value"]]


async def test_w188_w288_members_come_in_pages_in_the_order_of_their_ids(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    expected = await three_members(harness, service)

    first = (await rest("GET", "/groups/room/connections", ("maxpagesize", "2"))).json()
    second = (await rest.link(first["nextLink"])).json()

    assert first["nextLink"].startswith(f"{service.endpoint}/api/hubs/chat/groups/room/connections?api-version=")
    assert ids(first) + ids(second) == expected
    assert len(ids(first)) == 2
    assert second["nextLink"] is None


async def test_w286_the_address_of_the_next_page_names_the_newest_version(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    await three_members(harness, service)

    page = (await rest("GET", "/groups/room/connections", ("top", "1"), version="2023-07-01")).json()
    first = (await rest("GET", "/groups/room/connections", ("maxpagesize", "1"), version="2023-07-01")).json()

    assert page["nextLink"] is None
    assert "?api-version=2024-12-01&maxpagesize=1&continuationToken=" in first["nextLink"]


async def test_w285_the_address_of_the_next_page_names_a_size_that_was_not_asked_for(
    harness: Harness,
) -> None:
    service = await harness.service(Settings(times=FAST, limits=Limits(group_page_size=2)))
    await three_members(harness, service)

    page = (await RestClient(service, harness.http)("GET", "/groups/room/connections")).json()

    assert "&maxpagesize=2&" in page["nextLink"]


async def test_members_are_listed_with_their_user_if_they_have_one(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    await three_members(harness, service)

    page = (await rest("GET", "/groups/room/connections")).json()

    assert sorted(member["userId"] or "" for member in page["value"]) == ["", "ana", "bo"]
    assert page["nextLink"] is None


async def test_w189_top_limits_the_whole_list(harness: Harness, service: Service, rest: RestClient) -> None:
    expected = await three_members(harness, service)

    one = (await rest("GET", "/groups/room/connections", ("top", "1"))).json()
    first = (await rest("GET", "/groups/room/connections", ("top", "2"), ("maxpagesize", "1"))).json()
    second = (await rest.link(first["nextLink"])).json()

    assert (ids(one), one["nextLink"]) == (expected[:1], None)
    assert ids(first) + ids(second) == expected[:2]
    assert "&top=1&" in first["nextLink"]
    assert second["nextLink"] is None


async def test_a_group_without_members_is_an_empty_list(rest: RestClient) -> None:
    answer = await rest("GET", "/groups/nobody/connections")

    assert (answer.status, answer.json()) == (200, {"value": [], "nextLink": None})


@pytest.mark.parametrize(
    "query",
    [
        [("maxpagesize", "0")],
        [("maxpagesize", "201")],
        [("maxpagesize", "x")],
        [("maxpagesize", "1"), ("maxpagesize", "1")],
        [("top", "0")],
        [("top", "2147483648")],
        [("maxpagesize", "")],
        [("top", "")],
        [("continuationToken", "")],
        [("continuationToken", " ")],
        [("continuationToken", "A"), ("continuationToken", "A")],
        [("continuationToken", "foreign")],
        [("continuationToken", "é")],
        [("continuationToken", "A")],
        [("continuationToken", "A" * 3000)],
        [("continuationToken", "AAAAAAAAAAAAAAAAAAAAAAAA")],
    ],
)
async def test_w190_w287_wrong_pages_are_refused(rest: RestClient, query: list[tuple[str, str]]) -> None:
    answer = await rest("GET", "/groups/room/connections", *query)

    assert (answer.status, answer.json()["target"]) == (400, query[0][0])


async def test_w190_a_token_of_another_group_or_hub_is_refused(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    await three_members(harness, service)
    link = (await rest("GET", "/groups/room/connections", ("maxpagesize", "2"))).json()["nextLink"]

    assert (await rest.link(link.replace("/groups/room/", "/groups/hall/"))).status == 400
    assert (await rest.link(link.replace("/hubs/chat/", "/hubs/news/"))).status == 400
    assert (await rest.link(link.replace("/hubs/chat/", "/hubs/CHAT/"))).status == 200


# --- names in paths ----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("my%20room", "my room"),
        ("a+b", "a+b"),
        ("a%2Fb", "a%2Fb"),
        ("a%2fb", "a%2fb"),
        ("a%252Fb", "a%2Fb"),
        ("%E6%97%A5", "日"),
        ("100%25", "100%"),
        ("%zz", "%zz"),
        ("{x}", "{x}"),
        (":send", ":send"),
        ("a;b=c", "a;b=c"),
        ("..%20", ".. "),
    ],
)
async def test_w191_names_are_percent_decoded_once_but_for_a_slash(
    harness: Harness, service: Service, rest: RestClient, path: str, group: str
) -> None:
    ana = await harness.connect(service, "ana")

    assert (await rest("PUT", f"/groups/{path}/connections/{ana.id}")).status == 200

    assert members(service, group) == {"ana"}
    page = (await rest("GET", f"/groups/{path}/connections")).json()
    assert ids(page) == [ana.id]


@pytest.mark.parametrize("path", ["/groups/%20", "/groups/" + "g" * 1025, "/users/%20", "/groups/%FF", "/groups/a%0Ab"])
async def test_w191_names_that_are_blank_too_long_or_no_utf8_are_400(rest: RestClient, path: str) -> None:
    answer = await rest("HEAD", path)

    assert (answer.status, answer.code) == (400, "Error.BadRequest")
