"""Queries: order, filters, projections, pages."""

from typing import Any

import pytest

from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import RestClient, insert_operation

SORTED_KEYS = ["0", "10", "9", "A", "Z", "_", "a", "a-b", "a1", "aa", "z", "~", "é"]
# By UTF-16 code units: an emoji begins with a unit below U+E000.
SORTED_BY_UNITS = ["z", "😀", "\ue000", "\uff21"]


async def fill(rest: RestClient, count: int, partition: str = "p") -> list[str]:
    """Insert numbered rows and return their keys in order."""
    rows = [f"{n:05}" for n in range(count)]
    for start in range(0, count, 100):
        _, parts = await rest.transaction(
            [insert_operation(rest.table, partition, row) for row in rows[start : start + 100]]
        )
        assert {part.status for part in parts} == {204}
    return rows


async def walk(rest: RestClient, filter_text: str = "", **options: str) -> list[list[str]]:
    """Return the rows of each page."""
    pages, continuation = [], {"first": ""}
    while continuation:
        answer = await rest.query(filter_text, **options, **{k: v for k, v in continuation.items() if v})
        pages.append(answer.rows)
        continuation = answer.continuation
    return pages


@pytest.mark.parametrize("keys", [SORTED_KEYS, SORTED_BY_UNITS])
async def test_t066_entities_come_in_the_order_of_their_keys(rest: RestClient, keys: list[str]) -> None:
    """T-066, T-067: by PartitionKey, then RowKey, code unit by code unit."""
    for key in reversed(keys):
        await rest.insert("same", key)
        await rest.insert(key, "same")

    answer = await rest.query()

    found = [(entity["PartitionKey"], entity["RowKey"]) for entity in answer.json["value"]]
    partitions = sorted([*keys, "same"], key=lambda key: key.encode("utf-16-be"))
    expected = [(p, r) for p in partitions for r in (keys if p == "same" else ["same"])]
    assert found == expected


async def test_t067_a_filter_compares_text_by_code_units(rest: RestClient) -> None:
    for key in SORTED_BY_UNITS:
        await rest.insert("p", key, a=key)

    assert (await rest.query("RowKey lt '\ue000'")).rows == ["z", "😀"]
    assert (await rest.query("a gt '😀'")).rows == ["\ue000", "\uff21"]


ENTITIES: dict[str, dict[str, Any]] = {
    "int": {"v": 12},
    "long": {"v": "12", "v@odata.type": "Edm.Int64"},
    "double": {"v": 12.0, "v@odata.type": "Edm.Double"},
    "text": {"v": "it's"},
    "true": {"v": True},
    "time": {"v": "2026-01-02T03:04:05.1234567Z", "v@odata.type": "Edm.DateTime"},
    "guid": {"v": "c9da6455-213d-42c9-9a79-3e9149a57833", "v@odata.type": "Edm.Guid"},
    "binary": {"v": "Cgs=", "v@odata.type": "Edm.Binary"},
    "none": {"other": 1},
}


async def filtered(rest: RestClient, filter_text: str) -> set[str]:
    for row, own in ENTITIES.items():
        await rest.insert("p", row, **own)
    answer = await rest.query(filter_text)
    assert answer.status == 200, answer.text
    return set(answer.rows)


@pytest.mark.parametrize(
    ("filter_text", "rows"),
    [
        ("v eq 'it''s'", {"text"}),
        ("v eq true", {"true"}),
        ("v eq datetime'2026-01-02T03:04:05.1234567Z'", {"time"}),
        ("v gt datetime'2026-01-01T00:00:00Z'", {"time"}),
        ("RowKey eq 'int' or RowKey eq 'long' and v eq 'nothing'", {"int"}),
        ("(RowKey eq 'int' or RowKey eq 'long') and v eq 'nothing'", set()),
        ("RowKey ge 'i' and RowKey lt 'j'", {"int"}),
        ("'int' eq RowKey", {"int"}),
        ("PartitionKey eq 'p' and RowKey eq 'int'", {"int"}),
        ("Timestamp lt datetime'2000-01-01T00:00:00Z'", set()),
        ("Timestamp gt datetime'2000-01-01T00:00:00Z'", set(ENTITIES)),
    ],
)
async def test_t068_a_filter_selects(rest: RestClient, filter_text: str, rows: set[str]) -> None:
    assert await filtered(rest, filter_text) == rows


@pytest.mark.parametrize(
    ("filter_text", "rows"),
    [
        ("v", {"true"}),
        ("v eq guid'c9da6455-213d-42c9-9a79-3e9149a57833'", {"guid"}),
        ("v eq X'0a0b'", {"binary"}),
        ("v eq binary'0a0b'", {"binary"}),
    ],
)
@differs_from_azurite("a value matches a Guid or Binary of a filter, and a name alone, also when its type is another")
async def test_t068_a_filter_selects_by_type(rest: RestClient, filter_text: str, rows: set[str]) -> None:
    assert await filtered(rest, filter_text) == rows


async def test_t069_a_comparison_with_a_property_that_is_absent_is_false(rest: RestClient) -> None:
    for filter_text in ("absent eq 1", "absent ne 1", "absent lt 1"):
        assert await filtered(rest, filter_text) == set()
    assert await filtered(rest, "not (absent eq 1)") == set(ENTITIES)


@differs_from_azurite("12L against an Int32 is an error of the server, and types of numbers are not all compared")
async def test_t070_numbers_are_compared_by_value_and_other_types_do_not_match(rest: RestClient) -> None:
    """T-070, T-071: `12` matches every number, `12L` no Int32; a wrong type is never an error."""
    assert await filtered(rest, "v eq 12") == {"int", "long", "double"}
    assert await filtered(rest, "v eq 12L") == {"long", "double"}
    assert await filtered(rest, "v ge 11.5 and v le 12.5") == {"int", "long", "double"}
    assert await filtered(rest, "v ne 12") == set(ENTITIES) - {"int", "long", "double", "none"}


@pytest.mark.parametrize(
    "filter_text",
    [
        "v eq guid'C9DA6455-213D-42C9-9A79-3E9149A57833'",
        "v eq datetime'2026-01-02T03:04:05.12345670Z' or v eq guid'C9DA6455-213D-42C9-9A79-3E9149A57833'",
    ],
)
@differs_from_azurite("Guids are compared as text, letter case included")
async def test_t071_a_guid_is_compared_by_value(rest: RestClient, filter_text: str) -> None:
    await rest.insert("p", "guid", **ENTITIES["guid"])

    assert (await rest.query(filter_text.rpartition(" or ")[2])).rows == ["guid"]


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.0000000Z", "2026-01-02T03:04:05"]
)
async def test_t071_a_time_is_compared_by_value(rest: RestClient, text: str) -> None:
    values = {"v": "2026-01-02T03:04:05Z", "v@odata.type": "Edm.DateTime"}
    await rest.insert("p", "a", **values)
    await rest.insert("p", "b", **{**values, "v": "2026-01-02T03:04:05.000Z"})

    assert (await rest.query(f"v eq datetime'{text}'")).rows == ["a", "b"]


@pytest.mark.parametrize("text", ["v eq", "eq 1", "(v eq 1", "v eq 1)", "v eq 1 and", "v ~ 1", "v eq 1 1"])
async def test_t072_a_syntax_error_is_refused(rest: RestClient, text: str) -> None:
    assert (await rest.query(text)).status == 400


@differs_from_azurite("operators in capitals, an open quote, and a property against a property are accepted")
async def test_t072_what_the_service_does_not_have_is_refused(rest: RestClient) -> None:
    syntax = await rest.query("RowKey EQ 'a'")

    assert syntax.refusal == (400, "InvalidInput")
    assert syntax.message.startswith("Syntax error at position 7 in 'RowKey EQ 'a''.")
    assert (await rest.query("v eq 'a")).refusal == (400, "InvalidInput")
    assert (await rest.query("a eq b")).refusal == (501, "NotImplemented")
    assert (await rest.query("1 eq 1")).refusal == (501, "NotImplemented")


async def test_t072_a_function_is_refused(rest: RestClient) -> None:
    assert (await rest.query("startswith(v, 'a')")).status in (400, 501)


async def test_an_empty_filter_is_none(rest: RestClient) -> None:
    await rest.insert("p", "r")

    assert (await rest.query(**{"$filter": ""})).rows == ["r"]


async def test_t073_a_projection_has_what_is_named_and_the_etag(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1, b=2)

    [only] = (await rest.query(select="a")).json["value"]
    [with_key] = (await rest.query(select="RowKey, b")).json["value"]

    assert set(only) == {"odata.etag", "a"}
    assert set(with_key) == {"odata.etag", "RowKey", "b"}


@differs_from_azurite("$select=* selects nothing")
async def test_t073_a_star_selects_everything(rest: RestClient) -> None:
    await rest.insert("p", "r", a=1)

    [every] = (await rest.query(select="*")).json["value"]

    assert set(every) == {"odata.etag", "PartitionKey", "RowKey", "Timestamp", "a"}


@differs_from_azurite("a property that is selected and absent is left out, and the metadata do not name the projection")
async def test_t073_a_selected_property_that_is_absent_is_null(rest: RestClient) -> None:
    await rest.insert("p", "r", a="5", **{"a@odata.type": "Edm.Int64"})

    answer = (await rest.query(select="a,absent")).json

    assert answer["odata.metadata"] == f"{rest.endpoint}/$metadata#{rest.table}&$select=a,absent"
    etag = answer["value"][0].pop("odata.etag")
    assert etag.startswith("W/")
    assert answer["value"] == [{"a@odata.type": "Edm.Int64", "a": "5", "absent": None}]


async def test_t074_a_page_has_at_most_what_is_asked_for(rest: RestClient) -> None:
    await fill(rest, 3)

    assert (await rest.query(top="2")).rows == ["00000", "00001"]
    assert (await rest.query(top="1000")).continuation == {}


@pytest.mark.parametrize("top", ["-1", "1001", "x", "1.5"])
@differs_from_azurite("$top may be more than 1000 or no whole number, and a refusal has no code")
async def test_t074_a_wrong_page_size_is_refused(rest: RestClient, top: str) -> None:
    assert (await rest.query(top=top)).refusal == (400, "InvalidInput")
    assert (await rest.query(top="1001")).refusal == (400, "InvalidInput")


@differs_from_azurite("the empty page for $top=0 has a continuation")
async def test_t074_a_page_of_none_is_empty_and_the_last(rest: RestClient) -> None:
    await fill(rest, 2)

    answer = await rest.query(top="0")

    assert (answer.rows, answer.continuation) == ([], {})


async def test_t075_more_than_1000_entities_come_in_pages(rest: RestClient) -> None:
    rows = await fill(rest, 1300)

    pages = await walk(rest)

    assert [len(page) for page in pages] == [1000, 300]
    assert [row for page in pages for row in page] == rows


async def test_t076_pages_of_one_walk_every_entity(rest: RestClient) -> None:
    rows = await fill(rest, 5)
    await rest.insert("", "")
    await rest.insert("q", "é'😀")

    pages = await walk(rest, top="1")

    assert [row for page in pages for row in page] == ["", *rows, "é'😀"]


async def test_t078_a_token_names_a_place_and_no_snapshot(rest: RestClient) -> None:
    await fill(rest, 6)
    first = await rest.query(top="2")

    await rest.write("DELETE", "p", "00002", if_match="*")
    for row in ("000005", "000025", "00009"):
        await rest.insert("p", row)

    second = await rest.query(**first.continuation)
    assert first.rows == ["00000", "00001"]
    assert second.rows == ["000025", "00003", "00004", "00005", "00009"]


@pytest.mark.parametrize("token", ["x", "1!5!abc", "1!4!_-_-", ""])
@differs_from_azurite("a token that the service did not give is accepted")
async def test_a_token_that_the_service_did_not_give_is_refused(rest: RestClient, token: str) -> None:
    assert (await rest.query(NextPartitionKey=token, NextRowKey=token)).refusal == (400, "InvalidInput")


async def test_t079_a_range_of_prefixes_and_numbers_selects_exactly_its_rows(rest: RestClient) -> None:
    for row in ("l-9", "m", "m-0", "m-000", "m-1", "m-😀", "m.", "n"):
        await rest.insert("p", row)
    for seq in (1, 20, 300):
        await rest.insert("newest first", f"{10**6 - 1 - seq:06}", seq=seq)

    prefix = await rest.query("PartitionKey eq 'p' and RowKey ge 'm-' and RowKey lt 'm.'")
    newest = await rest.query("PartitionKey eq 'newest first'")

    assert prefix.rows == ["m-0", "m-000", "m-1", "m-😀"]
    assert [entity["seq"] for entity in newest.json["value"]] == [300, 20, 1]


async def test_a_range_of_partitions_selects_exactly_its_entities(rest: RestClient) -> None:
    for partition in "abcd":
        await rest.insert(partition, "r")

    answer = await rest.query("PartitionKey gt 'a' and PartitionKey le 'c' and RowKey eq 'r'")

    assert [entity["PartitionKey"] for entity in answer.json["value"]] == ["b", "c"]
