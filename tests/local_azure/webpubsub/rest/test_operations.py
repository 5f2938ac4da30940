"""Every operation of the 2024-12-01 data plane is served and answers the success code that is published for it."""

import pytest

from local_azure.webpubsub import Service
from local_azure.webpubsub.rest.routing import OPERATIONS
from tests.local_azure.webpubsub.harness import HUB, Harness
from tests.local_azure.webpubsub.rest.rest_client import RestClient

NOTHING = (None, None)
MESSAGE = ("hi", "text/plain")
SELECTION = ('{"groups":["room"]}', "application/json")

Carries = tuple[str | None, str | None]

# method, path below the hub, success code, what the request carries
PUBLISHED: list[tuple[str, str, int, Carries]] = [
    ("POST", "/:send", 202, MESSAGE),
    ("POST", "/:generateToken", 200, NOTHING),
    ("POST", "/:closeConnections", 204, NOTHING),
    ("POST", "/:addToGroups", 200, SELECTION),
    ("POST", "/:removeFromGroups", 200, SELECTION),
    ("HEAD", "/connections/{connectionId}", 200, NOTHING),
    ("DELETE", "/connections/{connectionId}", 204, NOTHING),
    ("POST", "/connections/{connectionId}/:send", 202, MESSAGE),
    ("DELETE", "/connections/{connectionId}/groups", 204, NOTHING),
    ("HEAD", "/groups/{group}", 200, NOTHING),
    ("POST", "/groups/{group}/:send", 202, MESSAGE),
    ("POST", "/groups/{group}/:closeConnections", 204, NOTHING),
    ("GET", "/groups/{group}/connections", 200, NOTHING),
    ("PUT", "/groups/{group}/connections/{connectionId}", 200, NOTHING),
    ("DELETE", "/groups/{group}/connections/{connectionId}", 204, NOTHING),
    ("HEAD", "/permissions/{permission}/connections/{connectionId}", 200, NOTHING),
    ("PUT", "/permissions/{permission}/connections/{connectionId}", 200, NOTHING),
    ("DELETE", "/permissions/{permission}/connections/{connectionId}", 204, NOTHING),
    ("HEAD", "/users/{userId}", 200, NOTHING),
    ("POST", "/users/{userId}/:send", 202, MESSAGE),
    ("POST", "/users/{userId}/:closeConnections", 204, NOTHING),
    ("PUT", "/users/{userId}/groups/{group}", 200, NOTHING),
    ("DELETE", "/users/{userId}/groups/{group}", 204, NOTHING),
    ("DELETE", "/users/{userId}/groups", 204, NOTHING),
]
each_operation = pytest.mark.parametrize(
    ("method", "path", "success", "carries"), PUBLISHED, ids=[f"{method} {path}" for method, path, *_ in PUBLISHED]
)


def test_the_operations_are_those_that_are_published_and_the_health_check() -> None:
    assert {(operation.method, operation.path) for operation in OPERATIONS} == {row[:2] for row in PUBLISHED}
    assert len(OPERATIONS) + 1 == 25


def test_the_names_of_the_operations_are_public_and_stay() -> None:
    """A fault names an operation with `operation=`, in scripts that we do not know."""
    assert [operation.name for operation in OPERATIONS] == [
        "send_to_all",
        "generate_token",
        "close_all",
        "add_to_groups",
        "remove_from_groups",
        "connection_exists",
        "close_connection",
        "send_to_connection",
        "remove_connection_from_all_groups",
        "group_exists",
        "send_to_group",
        "close_group",
        "list_members",
        "add_connection_to_group",
        "remove_connection_from_group",
        "check_permission",
        "grant_permission",
        "revoke_permission",
        "user_exists",
        "send_to_user",
        "close_user",
        "add_user_to_group",
        "remove_user_from_group",
        "remove_user_from_all_groups",
    ]


@each_operation
async def test_an_operation_succeeds(
    harness: Harness, service: Service, rest: RestClient, method: str, path: str, success: int, carries: Carries
) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])
    names = {"connectionId": ana.id, "group": "room", "userId": "ana", "permission": "sendToGroup"}

    body, content_type = carries
    answer = await rest(method, path.format(**names), ("targetName", "room"), body=body, content_type=content_type)

    assert answer.status == success
    has_body = method == "GET" or path == "/:generateToken"
    assert bool(answer.body) is has_body
    assert "2024-12-01" in answer.headers["api-supported-versions"]


@each_operation
async def test_w171_an_operation_without_a_good_token_is_401_and_says_nothing(
    service: Service, rest: RestClient, method: str, path: str, success: int, carries: Carries
) -> None:
    """401 comes first, even where the request is wrong in other ways too."""
    url = f"{service.endpoint}/api/hubs/1bad{path}?api-version=1999-01-01"
    parent = f"Bearer {rest.token(f'{service.endpoint}/api')}"

    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": parent}):
        answer = await rest.request(method, url, headers=headers)
        assert (answer.status, answer.body) == (401, b"")


@each_operation
async def test_w006_w007_w009_an_operation_refuses_wrong_versions_and_names(
    service: Service, rest: RestClient, method: str, path: str, success: int, carries: Carries
) -> None:
    for query in ("api-version=2020-01-01", "api-version=2024-12-01&API-VERSION=2024-12-01"):
        url = f"{service.endpoint}/api/hubs/{HUB}{path}"
        answer = await rest.request(method, f"{url}?{query}", headers={"Authorization": f"Bearer {rest.token(url)}"})
        assert (answer.status, answer.code) == (400, "Error.BadRequest")
        assert method == "HEAD" or answer.json() == {
            "code": "Error.BadRequest",
            "message": "The specified API version is not supported.",
            "target": "api-version",
        }
    for hub in ("1chat", "a" * 129):
        url = f"{service.endpoint}/api/hubs/{hub}{path}"
        answer = await rest.request(method, url, headers={"Authorization": f"Bearer {rest.token(url)}"})
        assert (answer.status, answer.code) == (400, "Error.BadRequest")


@pytest.mark.parametrize("query", ["", "?api-version=2024-12-01", "?api-version=2021-10-01"])
async def test_w005_health_needs_no_token(service: Service, rest: RestClient, query: str) -> None:
    answer = await rest.request("HEAD", f"{service.endpoint}/api/health{query}")

    assert (answer.status, answer.body) == (200, b"")


async def test_a_version_may_be_left_out(rest: RestClient) -> None:
    assert (await rest("HEAD", "/users/ana", version=None)).status == 404


async def test_w008_a_hub_is_the_same_in_any_letter_case(harness: Harness, service: Service, rest: RestClient) -> None:
    await harness.connect(service, "ana", hub="Chat")
    url = f"{service.endpoint}/api/hubs/CHAT/users/ana"

    assert (await rest("HEAD", "/users/ana")).status == 200
    answer = await rest.request("HEAD", url, headers={"Authorization": f"Bearer {rest.token(url)}"})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/:send", 405),
        ("POST", "/:fly", 404),
        ("GET", "", 404),
        ("HEAD", "/users//x", 404),
        ("PUT", "/users/ana/groups/", 405),
        ("HEAD", "/users/ana/", 404),
    ],
)
async def test_what_is_no_operation_is_404_or_405(rest: RestClient, method: str, path: str, status: int) -> None:
    assert (await rest(method, path)).status == status


async def test_w194_an_error_has_its_code_in_body_and_header(rest: RestClient) -> None:
    answer = await rest("PUT", "/groups/room/connections/abc")

    assert answer.status == 404
    assert answer.json() == {
        "code": "Error.Connection.NotExisted",
        "message": "Connection `abc` is not found.",
        "target": "Connection",
    }
    assert answer.code == "Error.Connection.NotExisted"


async def test_w171_a_token_may_name_query_and_another_scheme(service: Service, rest: RestClient) -> None:
    url = f"{service.endpoint}/api/hubs/{HUB}/users/ana"

    for audience in (f"{url}?api-version=2024-12-01", url.replace("http:", "https:")):
        answer = await rest.request("HEAD", url, headers={"Authorization": f"Bearer {rest.token(audience)}"})
        assert answer.status == 404
    for audience, lifetime in ((f"{service.endpoint}/api", 60), (url, -600)):
        headers = {"Authorization": f"Bearer {rest.token(audience, lifetime)}"}
        assert (await rest.request("HEAD", url, headers=headers)).status == 401
