"""Every public operation of @azure/data-tables, unchanged on the embedded table storage."""

from typing import Any

import pytest

from local_azure.pytest_plugin import TableStorage
from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.interop.nodejs import running_program

EXISTS, ABSENT = [409, "EntityAlreadyExists"], [404, "ResourceNotFound"]
CHANGED = [412, "UpdateConditionNotSatisfied"]
ON_THE_SERVICE: dict[str, Any] = {
    "createTable": [400, "InvalidResourceName"],
    "listTables": {"pages": [["first"], ["Second"]], "filtered": ["Second"]},
    "deleteTable": [],
    "getProperties": ["cors", "hourMetrics", "logging", "minuteMetrics"],
    "setProperties": 3,
    "getStatistics": "unavailable",
}
ON_A_TABLE: dict[str, Any] = {
    "createTable": "table1",
    "deleteTable": [404, "TableNotFound"],
    "createEntity": [True, EXISTS],
    "getEntity": {
        "kept": ["x", 5, 2.5, 3, True, "c9da6455-213d-42c9-9a79-3e9149a57833", "it's %+", "é 😀"],
        "big": "9007199254740993",
        "at": "2026-01-02T03:04:05.678Z",
        "data": [0, 255],
        "part": [5, None],
        "typed": "Double",
        "etag": True,
        "timestamp": "string",
    },
    "updateEntity": [CHANGED, None, 1, ABSENT],
    "upsertEntity": [1, 1, None, 2],
    "deleteEntity": [CHANGED, ABSENT],
    "listEntities": {
        "pages": [["m-1", "m-2"], ["m-3"]],
        "resumed": ["m-3"],
        "filtered": ["m-2"],
        "refused": [400, "InvalidInput"],
    },
    "submitTransaction": {
        "statuses": [204, 204, 204, 204],
        "etag": True,
        "refused": 409,
        "rows": ["a", "new", "up"],
        "text": "é😀",
    },
    "setAccessPolicy": [["readers", "r"]],
    "getAccessPolicy": [],
    "signature": [[], 403],
}


@pytest.mark.parametrize("slash", ["", "/"])
async def test_every_operation_does_what_it_says(node: str, table_storage: TableStorage, slash: str) -> None:
    """The SDK works as it is: T-002, T-016, T-018, T-032, T-037, T-049..T-051, T-076."""
    connection_string = table_storage.connection_string.removesuffix(";") + f"{slash};"
    saw: dict[str, dict[str, object]] = {"service": {}, "table": {}}

    async with running_program(node, "tables", connection_string, DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY) as program:
        offered = await program.report("offered")
        for report in program.reports:
            if report["report"] == "operation":
                saw[str(report["of"])][str(report["operation"])] = report["saw"]
        await program.end()

    assert saw["service"] == ON_THE_SERVICE
    assert saw["table"] == ON_A_TABLE
    assert set(offered["service"]) == set(ON_THE_SERVICE)  # type: ignore[call-overload]
    assert set(offered["table"]) == set(ON_A_TABLE) - {"signature"}  # type: ignore[call-overload]


LOST = {"insert": 409, "transaction": 412, "upsert": "ok", "merge": 412, "replace": 412, "delete": 404}


async def test_t084_a_write_whose_answer_was_lost_is_sent_again_and_refused(
    node: str, table_storage: TableStorage
) -> None:
    """T-084, T-086: the SDK sends every kind of write again, also after its connection was cut."""
    async with running_program(node, "tables_faults", table_storage.connection_string) as program:
        await program.end()

    assert {str(report["fault"]): report["saw"] for report in program.reports if report["report"] == "fault"} == {
        "fail storage 503": dict.fromkeys(LOST, "ok"),
        "fail storage 503 carried-out": LOST,
        "fail storage 500 carried-out": LOST,
        "cut storage carried-out": LOST,
    }
