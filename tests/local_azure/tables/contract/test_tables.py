"""Tables: create, delete, list, and the documents of the service and of a table."""

import re

import pytest

from tests.local_azure.tables.calls import FULL_METADATA, NO_CONTENT, NO_METADATA, Calls
from tests.local_azure.tables.contract.differences import differs_from_azurite


async def create(calls: Calls, name: str, **headers: str) -> tuple[int, str]:
    return (await calls.call("POST", "Tables", {"TableName": name}, headers=headers)).refusal


async def test_t015_a_table_is_created_once_in_whatever_case(calls: Calls) -> None:
    name = calls.table + "x"

    created = await calls.call("POST", "Tables", {"TableName": name})

    assert created.status == 201
    assert created.json["TableName"] == name
    assert await create(calls, name) == (409, "TableAlreadyExists")
    assert await create(calls, name.upper()) == (409, "TableAlreadyExists")


async def test_t015_a_caller_that_wants_no_content_gets_none(calls: Calls) -> None:
    created = await calls.call("POST", "Tables", {"TableName": calls.table + "x"}, headers=NO_CONTENT)

    assert (created.status, created.text) == (204, "")
    assert created.headers["Preference-Applied"] == "return-no-content"


@differs_from_azurite("the answer to the creation of a table has no Location")
async def test_t015_the_answer_to_a_creation_says_where_the_table_is(calls: Calls) -> None:
    created = await calls.call("POST", "Tables", {"TableName": calls.table + "x"})

    assert created.headers["Location"] == f"{calls.endpoint}/Tables('{calls.table}x')"
    assert "Preference-Applied" not in created.headers


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ab", "OutOfRangeInput"),
        ("a" * 64, "OutOfRangeInput"),
        ("1abc", "InvalidResourceName"),
        ("a-b-c", "InvalidResourceName"),
        ("", "InvalidResourceName"),
        ("tables", "InvalidResourceName"),
    ],
)
@differs_from_azurite("the code of the error for a wrong table name is empty, or the name is accepted")
async def test_t017_a_wrong_name_is_refused_with_its_code(calls: Calls, name: str, code: str) -> None:
    assert await create(calls, name) == (400, code)


async def test_t018_a_deleted_table_is_gone_with_its_entities(calls: Calls) -> None:
    await calls.insert("p", "r")

    deleted = await calls.call("DELETE", f"Tables('{calls.table}')")

    assert deleted.status == 204
    assert (await calls.get("p", "r")).refusal == (404, "TableNotFound")
    assert (await calls.call("DELETE", f"Tables('{calls.table}')")).refusal == (404, "ResourceNotFound")
    assert await create(calls, calls.table) == (201, "")
    assert (await calls.query()).rows == []


async def test_t019_tables_are_listed_in_order_and_in_pages(calls: Calls) -> None:
    names = [f"{calls.table}{suffix}" for suffix in ("c", "a", "b")]
    for name in names:
        await create(calls, name)
    mine = f"TableName ge '{calls.table}' and TableName lt '{calls.table}z'"

    first = await calls.call("GET", "Tables", query={"$filter": mine, "$top": "2"})
    second = await calls.call("GET", "Tables", query={"$filter": mine, "$top": "2", **first.continuation})

    listed = [table["TableName"] for page in (first, second) for table in page.json["value"]]
    assert listed == [calls.table, *sorted(names)]
    assert list(first.continuation) == ["NextTableName"]
    assert second.continuation == {}


async def test_t019_tables_are_found_by_a_filter(calls: Calls) -> None:
    found = await calls.call("GET", "Tables", query={"$filter": f"TableName eq '{calls.table}'"})

    assert [table["TableName"] for table in found.json["value"]] == [calls.table]


@differs_from_azurite("the address of one table answers an empty list")
async def test_the_address_of_one_table_answers_the_table(calls: Calls) -> None:
    answer = await calls.call("GET", f"Tables('{calls.table.upper()}')")

    assert answer.json["TableName"] == calls.table
    assert (await calls.call("GET", "Tables('absent')")).refusal == (404, "ResourceNotFound")


@differs_from_azurite("a table is not found under another case of its name")
async def test_t065_a_table_is_found_under_any_case_and_named_as_it_was_created(calls: Calls) -> None:
    await calls.insert("p", "r")

    answer = await calls.call("GET", f"{calls.table.upper()}()", query={})

    assert answer.rows == ["r"]
    assert answer.json["odata.metadata"].endswith(f"#{calls.table}")


async def test_t035_a_table_is_described_at_each_level(calls: Calls) -> None:
    query = {"$filter": f"TableName eq '{calls.table}'"}

    none = await calls.call("GET", "Tables", query=query, headers=NO_METADATA)
    minimal = await calls.call("GET", "Tables", query=query)
    full = await calls.call("GET", "Tables", query=query, headers=FULL_METADATA)

    assert none.json == {"value": [{"TableName": calls.table}]}
    assert minimal.json == {
        "odata.metadata": f"{calls.endpoint}/$metadata#Tables",
        "value": [{"TableName": calls.table}],
    }
    assert full.json["value"][0]["odata.editLink"] == f"Tables('{calls.table}')"
    assert full.json["value"][0]["odata.type"] == "devstoreaccount1.Tables"


async def test_t049_the_properties_of_the_service_are_there(calls: Calls) -> None:
    answer = await calls.call("GET", "", query={"restype": "service", "comp": "properties"})

    assert answer.status == 200
    assert re.findall(r"<(Logging|HourMetrics|MinuteMetrics|Cors)\b", answer.text)


CORS_RULE = (
    "<Cors><CorsRule><AllowedOrigins>http://chat.example</AllowedOrigins><AllowedMethods>GET</AllowedMethods>"
    "<AllowedHeaders>*</AllowedHeaders><ExposedHeaders>*</ExposedHeaders><MaxAgeInSeconds>5</MaxAgeInSeconds>"
    "</CorsRule></Cors>"
)


async def test_t049_properties_that_are_set_are_given_back_and_the_others_stay(calls: Calls) -> None:
    query, xml = {"restype": "service", "comp": "properties"}, {"Content-Type": "application/xml"}
    body = f"<StorageServiceProperties>{CORS_RULE}</StorageServiceProperties>"

    answer = await calls.call("PUT", "", body, query=query, headers=xml)

    assert answer.status == 202
    properties = (await calls.call("GET", "", query=query)).text
    assert "<AllowedOrigins>http://chat.example</AllowedOrigins>" in properties
    assert "<Logging>" in properties


@differs_from_azurite("statistics are refused at the primary address")
async def test_t049_the_statistics_say_that_there_is_no_second_copy(calls: Calls) -> None:
    answer = await calls.call("GET", "", query={"restype": "service", "comp": "stats"})

    assert answer.status == 200
    assert "<Status>unavailable</Status>" in answer.text


def policies(count: int) -> str:
    times = "<Start>2020-01-01T00:00:00.000Z</Start><Expiry>2099-01-01T00:00:00.000Z</Expiry>"
    policy = f"<AccessPolicy>{times}<Permission>r</Permission></AccessPolicy>"
    one = f"<SignedIdentifier><Id>{{0}}</Id>{policy}</SignedIdentifier>"
    return f"<SignedIdentifiers>{''.join(one.format(number) for number in range(count))}</SignedIdentifiers>"


async def test_access_policies_are_kept(calls: Calls) -> None:
    query, xml = {"comp": "acl"}, {"Content-Type": "application/xml"}

    before = (await calls.call("GET", calls.table, query=query)).text
    answer = await calls.call("PUT", calls.table, policies(5), query=query, headers=xml)
    after = (await calls.call("GET", calls.table, query=query)).text

    assert (answer.status, re.findall("<Id>(.*?)</Id>", before)) == (204, [])
    assert re.findall("<Id>(.*?)</Id>", after) == list("01234")
    assert (await calls.call("GET", "absent", query=query)).refusal == (404, "TableNotFound")


@differs_from_azurite("other XML as properties or access policies is an error of the server, or accepted")
async def test_xml_that_says_something_else_is_refused(calls: Calls) -> None:
    properties, policy_list = {"restype": "service", "comp": "properties"}, {"comp": "acl"}
    xml = {"Content-Type": "application/xml"}

    answers = [
        await calls.call("PUT", "", "<Other/>", query=properties, headers=xml),
        await calls.call("PUT", "", "<StorageServiceProperties", query=properties, headers=xml),
        await calls.call(
            "PUT",
            "",
            "<StorageServiceProperties><Other/></StorageServiceProperties>",
            query=properties,
            headers=xml,
        ),
        await calls.call("PUT", calls.table, policies(6), query=policy_list, headers=xml),
        await calls.call("PUT", calls.table, "<Other/>", query=policy_list, headers=xml),
    ]

    assert [answer.refusal for answer in answers] == [(400, "InvalidXmlDocument")] * 5


@differs_from_azurite("a method that a resource does not have is 400 without a code")
async def test_a_method_that_a_resource_does_not_have_is_refused(calls: Calls) -> None:
    assert (await calls.call("DELETE", f"{calls.table}()")).refusal == (405, "UnsupportedHttpVerb")
