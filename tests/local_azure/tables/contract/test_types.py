"""Types and limits of properties, and the metadata by which an answer describes them."""

from typing import Any

import pytest

from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import FULL_METADATA, NO_METADATA, RestClient, entity_path, insert_operation

T = "@odata.type"


async def refusal(rest: RestClient, own: dict[str, Any]) -> tuple[int, str]:
    return (await rest.insert("p", "r", **own)).refusal


VALUES: dict[str, dict[str, Any]] = {
    "string": {"v": "é😀 text"},
    "int32": {"v": -(2**31)},
    "int64": {f"v{T}": "Edm.Int64", "v": "9007199254740993"},
    "double": {"v": 3.25},
    "boolean": {"v": False},
    "datetime": {f"v{T}": "Edm.DateTime", "v": "2026-01-02T03:04:05.1234567Z"},
    "guid": {f"v{T}": "Edm.Guid", "v": "c9da6455-213d-42c9-9a79-3e9149a57833"},
    "binary": {f"v{T}": "Edm.Binary", "v": "AAEC/w=="},
    "nan": {f"v{T}": "Edm.Double", "v": "NaN"},
    "infinity": {f"v{T}": "Edm.Double", "v": "-Infinity"},
}


@pytest.mark.parametrize("own", VALUES.values(), ids=VALUES)
async def test_t050_a_value_keeps_its_type(rest: RestClient, own: dict[str, Any]) -> None:
    """T-050, T-051, T-052: also an Int64 beyond 2⁵³ and Doubles that are no number."""
    await rest.insert("p", "r", **own)

    found = (await rest.get("p", "r")).json

    assert {name: found[name] for name in own} == own
    assert [name for name in found if name.endswith(T)] == [name for name in own if name.endswith(T)]


async def test_a_typed_number_or_truth_value_may_come_as_text(rest: RestClient) -> None:
    own = {"a": "5", f"a{T}": "Edm.Int32", "b": "2.5", f"b{T}": "Edm.Double", "c": "true", f"c{T}": "Edm.Boolean"}

    assert (await rest.insert("p", "r", **own)).status == 204

    assert [str((await rest.get("p", "r")).json[name]).lower() for name in "abc"] == ["5", "2.5", "true"]


@differs_from_azurite("a Double without a fraction becomes an integer")
async def test_t052_a_double_without_a_fraction_stays_a_double(rest: RestClient) -> None:
    await rest.insert("p", "r", a=3.0, b=5, **{f"b{T}": "Edm.Double"})

    answer = await rest.get("p", "r")

    assert '"a":3.0' in answer.text
    assert '"b":5.0' in answer.text


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("2026-01-02T03:04:05.6000000Z", "2026-01-02T03:04:05.6Z"),
        ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z"),
        ("1601-01-01T00:00Z", "1601-01-01T00:00:00Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
    ],
)
@differs_from_azurite("a DateTime is given back as it was sent")
async def test_t053_a_time_is_given_back_in_its_shortest_form(rest: RestClient, sent: str, returned: str) -> None:
    await rest.insert("p", "r", v=sent, **{f"v{T}": "Edm.DateTime"})

    assert (await rest.get("p", "r")).json["v"] == returned


@differs_from_azurite("a DateTime before the year 1601 is accepted")
async def test_t053_a_time_before_1601_is_refused(rest: RestClient) -> None:
    own = {"v": "1600-12-31T23:59:59Z", f"v{T}": "Edm.DateTime"}

    assert await refusal(rest, own) == (400, "OutOfRangeInput")


@pytest.mark.parametrize(
    ("edm_type", "value"),
    [
        ("Edm.Guid", "c9da6455"),
        ("Edm.Int64", "12x"),
        ("Edm.Int64", str(2**63)),
        ("Edm.DateTime", "yesterday"),
        ("Edm.DateTime", "2026-02-30T00:00:00Z"),
        ("Edm.Binary", "!"),
        ("Edm.Decimal", "1"),
    ],
)
@differs_from_azurite("a value that does not fit its type is accepted, or an error of the server")
async def test_t054_text_that_does_not_fit_its_type_is_refused(rest: RestClient, edm_type: str, value: object) -> None:
    assert await refusal(rest, {"v": value, f"v{T}": edm_type}) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("edm_type", "value"), [("Edm.Boolean", "yes"), ("Edm.Int32", "text"), ("Edm.Double", "text"), ("Edm.String", 1)]
)
async def test_t054_a_json_value_of_another_type_is_refused(rest: RestClient, edm_type: str, value: object) -> None:
    assert await refusal(rest, {"v": value, f"v{T}": edm_type}) == (400, "InvalidInput")


@differs_from_azurite("an integer beyond 32 bits without a type is accepted")
async def test_t054_an_integer_beyond_32_bits_needs_its_type(rest: RestClient) -> None:
    assert await refusal(rest, {"v": 2**31}) == (400, "InvalidInput")


async def test_t055_nulls_are_not_stored(rest: RestClient) -> None:
    assert (await rest.insert("p", "r", a=None)).status == 204
    assert "a" not in (await rest.get("p", "r")).json


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, ["a"]])
async def test_t055_objects_and_arrays_are_refused(rest: RestClient, value: object) -> None:
    assert await refusal(rest, {"v": value}) == (400, "InvalidInput")


@pytest.mark.parametrize("character", ["x", "😀"])
async def test_t056_a_string_may_have_32768_code_units(rest: RestClient, character: str) -> None:
    units = len(character.encode("utf-16-be")) // 2
    largest = character * (32_768 // units)

    assert (await rest.insert("p", "r", v=largest)).status == 204
    assert (await rest.get("p", "r")).json["v"] == largest
    assert (await rest.insert("p", "s", v=largest + character)).refusal == (400, "PropertyValueTooLarge")


async def test_t057_a_binary_value_may_have_64_kib(rest: RestClient) -> None:
    def binary(size: int) -> dict[str, Any]:
        return {"v": bytes(size).hex().replace("00", "A" * 4)[: (size + 2) // 3 * 4], f"v{T}": "Edm.Binary"}

    assert (await rest.insert("p", "r", **binary(65_535))).status == 204
    assert (await rest.insert("p", "s", **binary(65_538))).status == 400


async def test_t058_an_entity_may_have_252_properties(rest: RestClient) -> None:
    assert (await rest.insert("p", "r", **{f"a{n}": n for n in range(252)})).status == 204


@differs_from_azurite("the number of properties is not limited")
async def test_t058_one_property_more_is_refused_also_when_it_is_merged(rest: RestClient) -> None:
    own = {f"a{n}": n for n in range(252)}
    await rest.insert("p", "r", **own)

    assert await refusal(rest, {**own, "b": 1}) == (400, "TooManyProperties")
    assert (await rest.write("PATCH", "p", "r", {"b": 1})).refusal == (400, "TooManyProperties")


@differs_from_azurite("an entity over 1 MiB is accepted on insert")
async def test_t059_an_entity_over_1_mib_is_refused(rest: RestClient) -> None:
    half = {f"a{n}": "x" * 32_000 for n in range(9)}
    other = {f"b{n}": "x" * 32_000 for n in range(9)}
    refused = (400, "EntityTooLarge")

    assert await refusal(rest, {**half, **other}) == refused
    assert (await rest.insert("p", "r", **half)).status == 204
    assert (await rest.write("PATCH", "p", "r", other)).refusal == refused
    assert (await rest.write("PUT", "p", "r", {**half, **other})).refusal == refused
    _, [part] = await rest.transaction(
        [insert_operation(rest.table, "p", "s"), insert_operation(rest.table, "p", "t", **half, **other)]
    )
    assert (part.refusal, part.message[:2]) == (refused, "1:")


async def test_t060_names_differ_by_letter_case(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1, A=2, é=3, _x=4, **{"n" * 255: 5})

    found = (await rest.get("p", "r")).json

    assert (found["a"], found["A"], found["é"], found["_x"], found["n" * 255]) == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("n" * 256, "PropertyNameTooLong"),
        ("a-b", "PropertyNameInvalid"),
        ("1a", "PropertyNameInvalid"),
        ("a b", "PropertyNameInvalid"),
        ("", "PropertyNameInvalid"),
    ],
)
@differs_from_azurite("a wrong name of a property is accepted")
async def test_t060_a_wrong_name_is_refused(rest: RestClient, name: str, code: str) -> None:
    assert await refusal(rest, {name: 1}) == (400, code)


TYPED = {f"big{T}": "Edm.Int64", "big": "5", f"at{T}": "Edm.DateTime", "at": "2026-01-02T03:04:05Z", "n": 1}


async def test_t035_without_metadata_there_are_only_properties(rest: RestClient) -> None:
    await rest.insert("p", "r", **TYPED)

    one = (await rest.get("p", "r", headers=NO_METADATA)).json
    page = (await rest.query(headers=NO_METADATA)).json

    assert set(one) == {"PartitionKey", "RowKey", "Timestamp", "big", "at", "n"}
    assert page == {"value": [one]}


@differs_from_azurite("Timestamp comes last, and the metadata of a query name `Tables` and not the table")
async def test_t035_minimal_metadata_are_in_the_services_order(rest: RestClient) -> None:
    await rest.insert("p", "r", **TYPED)
    names = ["odata.etag", "PartitionKey", "RowKey", "Timestamp", f"big{T}", "big", f"at{T}", "at", "n"]

    one = (await rest.get("p", "r")).json
    page = (await rest.query()).json

    assert list(one) == ["odata.metadata", *names]
    assert one["odata.metadata"] == f"{rest.endpoint}/$metadata#{rest.table}/@Element"
    assert list(page["value"][0]) == names
    assert page["odata.metadata"] == f"{rest.endpoint}/$metadata#{rest.table}"


async def test_t035_full_metadata_say_what_an_entity_is_and_where(rest: RestClient) -> None:
    await rest.insert("p", "r", **TYPED)

    entity = (await rest.get("p", "r", headers=FULL_METADATA)).json

    link = entity_path(rest.table, "p", "r")
    assert entity["odata.type"] == f"devstoreaccount1.{rest.table}"
    assert entity["odata.id"] == f"{rest.endpoint}/{link}"
    assert entity["odata.editLink"] == link
    assert entity[f"Timestamp{T}"] == "Edm.DateTime"
    assert entity[f"big{T}"] == "Edm.Int64"


async def test_t035_the_content_type_names_the_level(rest: RestClient) -> None:
    await rest.insert("p", "r")

    answer = await rest.get("p", "r", headers=NO_METADATA)

    assert answer.headers["Content-Type"].startswith("application/json;odata=nometadata")
