"""Rows between functions and the table service: their types, their keys, and the transactions that write them."""

import json
import math
from typing import Any

import pytest

from local_azure.functions.bindings.table_entities import (
    EntityWrite,
    read_output,
    to_function_json,
    to_transactions,
    to_write,
)
from local_azure.functions.errors import BindingError


def test_d072_a_function_reads_values_without_the_services_annotations() -> None:
    entity = {
        "odata.metadata": "http://x/$metadata#rows/@Element",
        "odata.etag": 'W/"1"',
        "PartitionKey": "p",
        "RowKey": "r",
        "Timestamp": "2026-08-24T10:00:00Z",
        "big@odata.type": "Edm.Int64",
        "big": "9007199254740993",
        "at@odata.type": "Edm.DateTime",
        "at": "2026-08-24T10:00:00.1230000Z",
        "whole@odata.type": "Edm.DateTime",
        "whole": "2026-08-24T10:00:00.0000000Z",
        "id@odata.type": "Edm.Guid",
        "id": "12345678-90ab-cdef-1234-567890abcdef",
        "data@odata.type": "Edm.Binary",
        "data": "AAE=",
        "one": 1.0,
        "none": None,
    }

    assert to_function_json(entity) == {
        "PartitionKey": "p",
        "RowKey": "r",
        "big": 9007199254740993,
        "at": "2026-08-24T10:00:00.123+00:00",
        "whole": "2026-08-24T10:00:00+00:00",
        "id": "12345678-90ab-cdef-1234-567890abcdef",
        "data": "AAE=",
        "one": 1.0,
        "none": None,
    }


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (2**63 - 1, {"v@odata.type": "Edm.Int64", "v": str(2**63 - 1)}),
        (True, {"v": True}),
        (0.5, {"v@odata.type": "Edm.Double", "v": 0.5}),
        (math.inf, {"v@odata.type": "Edm.Double", "v": "Infinity"}),
        (-math.inf, {"v@odata.type": "Edm.Double", "v": "-Infinity"}),
        (math.nan, {"v@odata.type": "Edm.Double", "v": "NaN"}),
        ([], {"v": "[]"}),
        (None, {}),
    ],
)
def test_d076_a_property_is_written_with_its_type(value: object, stored: dict[str, Any]) -> None:
    body = json.loads(to_write({"v": value}, "p", "r").body)

    assert body == {"PartitionKey": "p", "RowKey": "r", **stored}


def test_d075_the_rows_own_keys_come_before_those_of_the_binding_whatever_their_case() -> None:
    write = to_write({"PARTITIONKEY": "own", "rowKey": None, "Timestamp": "x", "etag": "*"}, "p", "r")

    assert (write.partition_key, write.row_key, write.etag) == ("own", "r", "*")
    assert json.loads(write.body) == {"PartitionKey": "own", "RowKey": "r"}


def test_d078_a_transaction_has_one_partition_no_row_twice_and_at_most_100_rows() -> None:
    writes = [EntityWrite("many", str(number), None, "") for number in range(101)]
    writes += [EntityWrite("twice", "r", "*", "first"), EntityWrite("twice", "r", "*", "second")]

    transactions = list(to_transactions(writes))

    assert sorted(len(transaction) for transaction in transactions) == [1, 1, 1, 100]
    assert all(len({write.partition_key for write in transaction}) == 1 for transaction in transactions)
    bodies = [write.body for transaction in transactions for write in transaction if write.partition_key == "twice"]
    assert bodies == ["first", "second"]


@pytest.mark.parametrize("value", ["", "text", "{", b"\xff", "5", "null", "[[]]", "{" * 100_000, 1.5])
def test_d080_an_output_that_is_no_json_object_or_array_of_them_is_refused(value: object) -> None:
    with pytest.raises(BindingError, match="must be"):
        read_output(value)
