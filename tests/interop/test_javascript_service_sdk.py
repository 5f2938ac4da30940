"""Every public operation of @azure/web-pubsub, unchanged on the embedded service."""

from local_azure.pytest_plugin import WebPubSub
from tests.interop.listening import HUB
from tests.interop.nodejs import running_program

ON_A_HUB = {
    "sendToAll": {"ana": [{"n": 1}, "text", "AP8=", "not for bo"], "bo": [{"n": 1}, "text", "AP8=", "only bo"]},
    "sendToUser": [{"to": "ana"}, "bo"],
    "sendToConnection": [{"type": "message", "from": "server", "dataType": "json", "data": {"to": "ana"}}, "bo"],
    "connectionExists": [True, False],
    "groupExists": [True, False],
    "userExists": [True, False],
    "closeConnection": [
        {
            "type": "system",
            "event": "disconnected",
            "message": "Application server closed the connection. Reason: enough",
        },
        1000,
        True,
    ],
    "closeAllConnections": [1000, 1000],
    "closeUserConnections": [1000, 1000, True],
    "removeUserFromAllGroups": [False, "group"],
    "removeConnectionFromAllGroups": [False, False],
    "addConnectionsToGroups": [True, True, False],
    "removeConnectionsFromGroups": [False, "group"],
    "grantPermission": ["Forbidden", True, [404, "Info.Connection.NotExisted"]],
    "revokePermission": ["Forbidden", True],
    "hasPermission": [True, False, False],
    "getClientAccessToken": {
        "type": "message",
        "from": "group",
        "group": "room",
        "fromUserId": "ana",
        "dataType": "text",
        "data": "hi",
    },
    "constructor": [401, None],
    "group": ["a", HUB, [400, "Error.BadRequest"]],
}
ON_A_GROUP = {
    "addConnection": [True, [404, "Error.Connection.NotExisted"]],
    "removeConnection": False,
    "addUser": [True, [404, "Warning.User.NotExisted"]],
    "removeUser": False,
    "sendToAll": [{"n": 1}, "for bo"],
    "listConnections": {"all": ["ana", "bo", "cleo"], "top": 1, "pages": [2, 1]},
    "closeAllConnections": [1000, True],
}


async def test_every_operation_has_its_documented_effect(node: str, web_pubsub: WebPubSub) -> None:
    """The SDK works as it is: W-030, W-172..W-174, W-178, W-179, W-181..W-185, W-187, W-188, W-194, W-196."""
    results: dict[str, dict[str, object]] = {"hub": {}, "group": {}}

    async with running_program(node, "service", web_pubsub.connection_string, HUB) as program:
        offered = await program.report("offered")
        for report in program.reports:
            if report["report"] == "operation":
                results[str(report["client"])][str(report["operation"])] = report["result"]
        await program.end()

    assert results["hub"] == ON_A_HUB
    assert results["group"] == ON_A_GROUP
    assert set(ON_A_HUB) - {"constructor"} == set(offered["hub"])  # type: ignore[call-overload]
    assert set(ON_A_GROUP) == set(offered["group"])  # type: ignore[call-overload]
