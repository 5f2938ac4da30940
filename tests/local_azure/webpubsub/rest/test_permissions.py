import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import Harness
from tests.local_azure.webpubsub.rest.rest_client import RestClient

TARGET = ("targetName", "room")


async def test_w185_a_grant_and_a_revocation_hold_from_the_next_frame(
    harness: Harness, service: Service, rest: RestClient
) -> None:
    ana = await harness.connect(service, "ana", roles=[], groups=["room"])
    path = f"/permissions/sendToGroup/connections/{ana.id}"
    publish = {"group": "room", "data": 1, "noEcho": True}

    assert (await ana.request("sendToGroup", 1, **publish))["error"]["name"] == "Forbidden"
    assert (await rest("PUT", path, TARGET)).status == 200
    assert (await ana.request("sendToGroup", 1, **publish))["success"]
    assert (await rest("DELETE", path, TARGET)).status == 204
    assert (await ana.request("sendToGroup", 2, **publish))["error"]["name"] == "Forbidden"

    await rest.text("/groups/room/:send", "still a member")
    assert await ana.data() == "still a member"


async def test_w186_w283_a_permission_is_200_or_404(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", roles=["webpubsub.joinLeaveGroups.room.*"])
    path = f"/permissions/JOINLEAVEGROUP/connections/{ana.id}"

    assert (await rest("HEAD", path, ("targetName", "room.a"))).status == 200
    assert (await rest("HEAD", path, ("targetName", "hall"))).status == 404
    missing = await rest("HEAD", f"/permissions/1/connections/{ana.id}", TARGET)
    assert (missing.status, missing.code) == (404, "Info.Connection.NotExisted")


async def test_w186_a_group_must_be_named(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana")

    for method in ("HEAD", "PUT", "DELETE"):
        for query in ([], [("targetName", "")], [("targetName", " ")], [("targetName", "g" * 1025)], [TARGET, TARGET]):
            answer = await rest(method, f"/permissions/sendToGroup/connections/{ana.id}", *query)
            assert (answer.status, answer.code) == (400, "Error.BadRequest")


@pytest.mark.parametrize("name", ["fly", "0", "3", "-1", "sendToGroup,joinLeaveGroup"])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
async def test_w284_an_unknown_permission_is_400(rest: RestClient, method: str, name: str) -> None:
    assert (await rest(method, f"/permissions/{name}/connections/c", TARGET)).status == 400


@pytest.mark.parametrize("name", ["1", "2"])
async def test_w284_a_permission_may_be_named_by_its_number(
    harness: Harness, service: Service, rest: RestClient, name: str
) -> None:
    ana = await harness.connect(service, "ana", roles=[])

    assert (await rest("PUT", f"/permissions/{name}/connections/{ana.id}", TARGET)).status == 200
    assert (await rest("HEAD", f"/permissions/{name}/connections/{ana.id}", TARGET)).status == 200


@pytest.mark.parametrize(("method", "status"), [("HEAD", 404), ("PUT", 404), ("DELETE", 204)])
async def test_w187_w283_permissions_of_an_unknown_connection(rest: RestClient, method: str, status: int) -> None:
    answer = await rest(method, "/permissions/sendToGroup/connections/nobody", TARGET)

    assert (answer.status, answer.code) == (status, "Info.Connection.NotExisted" if status == 404 else None)


async def test_a_star_in_a_group_name_is_no_wildcard(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", roles=[])

    await rest("PUT", f"/permissions/joinLeaveGroup/connections/{ana.id}", ("targetName", "*"))

    assert not (await ana.request("joinGroup", 1, group="room"))["success"]
    assert (await ana.request("joinGroup", 1, group="*"))["success"]


async def test_the_1001st_group_is_409(harness: Harness, service: Service, rest: RestClient) -> None:
    ana = await harness.connect(service, "ana", roles=[f"webpubsub.sendToGroup.g{n}" for n in range(60)])
    connection = service.hubs.hub("chat").connection(ana.id)
    assert connection is not None
    path = f"/permissions/joinLeaveGroup/connections/{ana.id}"
    for number in range(1000):
        await rest("PUT", path, ("targetName", f"g{number}"))

    answer = await rest("PUT", path, TARGET)

    assert (answer.status, answer.json()["code"]) == (409, "Error.Connection.Conflict")
