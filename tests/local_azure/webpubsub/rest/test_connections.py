import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import RELIABLE_JSON, Harness, until
from tests.local_azure.webpubsub.rest.rest_client import RestClient

CLOSED = "Application server closed the connection."


async def test_w178_what_exists_is_200_and_what_does_not_is_404(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])

    for path in (f"/connections/{ana.id}", "/groups/room", "/users/ana"):
        assert (await rest("HEAD", path)).status == 200
    for path, code in (
        ("/connections/nobody", "Warning.Connection.NotExisted"),
        ("/groups/Room", "Warning.Group.NotExisted"),
        ("/users/Ana", "Warning.User.NotExisted"),
    ):
        answer = await rest("HEAD", path)
        assert (answer.status, answer.code, answer.body) == (404, code, b"")


async def test_a_group_exists_while_it_has_a_member(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])

    await rest("DELETE", f"/groups/room/connections/{ana.id}")

    assert (await rest("HEAD", "/groups/room")).status == 404


async def test_w105_a_detached_connection_exists(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    ana.cut()
    connection = service.hubs.hub("chat").connection(ana.id)
    await until(lambda: connection is not None and connection.transport is None)

    assert (await rest("HEAD", f"/connections/{ana.id}")).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/connections/nobody",
        "/connections/nobody/groups",
        "/groups/nobody/connections/nobody",
        "/permissions/sendToGroup/connections/nobody",
        "/users/nobody/groups/room",
        "/users/nobody/groups",
    ],
)
async def test_w180_w187_to_delete_what_does_not_exist_is_204(rest: RestClient, path: str) -> None:
    assert (await rest("DELETE", path, ("targetName", "room"))).status == 204


@pytest.mark.parametrize("path", ["", "/groups/room", "/users/ana"])
async def test_w184_all_but_the_excluded_are_closed(
    harness: Harness, service: Service, rest: RestClient, path: str
) -> None:
    ana, other, kept = [await harness.connect(service, "ana", groups=["room"]) for _ in range(3)]

    answer = await rest("POST", f"{path}/:closeConnections", ("excluded", kept.id), ("reason", "over"))

    assert answer.status == 204
    for closed in (ana, other):
        assert await closed.receive() == {
            "type": "system",
            "event": "disconnected",
            "message": f"{CLOSED} Reason: over",
        }
        assert await closed.closed() == (1000, "")
    await kept.expect_no_message()


async def test_a_connection_is_closed_without_a_reason(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana")

    assert (await rest("DELETE", f"/connections/{ana.id}")).status == 204

    assert (await ana.receive())["message"] == CLOSED
    assert (await rest("HEAD", f"/connections/{ana.id}")).status == 404


async def test_w055_a_raw_client_is_closed_with_1000_and_no_frame(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    raw = await harness.connect(service, "ana", subprotocol=None)

    await rest("POST", "/users/ana/:closeConnections", ("reason", "over"))

    assert (await raw.frame()).data == 1000
