"""Tables: create, delete, list, and the documents of the service and of a table."""

import re

import pytest

from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import FULL_METADATA, NO_CONTENT, NO_METADATA, RestClient


async def create(rest: RestClient, name: str, **headers: str) -> tuple[int, str]:
    return (await rest.call("POST", "Tables", {"TableName": name}, headers=headers)).refusal


async def test_t015_a_table_is_created_once_in_whatever_case(rest: RestClient) -> None:
    name = rest.table + "x"

    created = await rest.call("POST", "Tables", {"TableName": name})

    assert created.status == 201
    assert created.json["TableName"] == name
    assert await create(rest, name) == (409, "TableAlreadyExists")
    assert await create(rest, name.upper()) == (409, "TableAlreadyExists")


async def test_t015_a_caller_that_wants_no_content_gets_none(rest: RestClient) -> None:
    created = await rest.call("POST", "Tables", {"TableName": rest.table + "x"}, headers=NO_CONTENT)

    assert (created.status, created.text) == (204, "")
    assert created.headers["Preference-Applied"] == "return-no-content"


@differs_from_azurite("the answer to the creation of a table has no Location")
async def test_t015_the_answer_to_a_creation_says_where_the_table_is(rest: RestClient) -> None:
    created = await rest.call("POST", "Tables", {"TableName": rest.table + "x"})

    assert created.headers["Location"] == f"{rest.endpoint}/Tables('{rest.table}x')"
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
async def test_t017_a_wrong_name_is_refused_with_its_code(rest: RestClient, name: str, code: str) -> None:
    assert await create(rest, name) == (400, code)


async def test_t018_a_deleted_table_is_gone_with_its_entities(rest: RestClient) -> None:
    await rest.insert("p", "r")

    deleted = await rest.call("DELETE", f"Tables('{rest.table}')")

    assert deleted.status == 204
    assert (await rest.get("p", "r")).refusal == (404, "TableNotFound")
    assert (await rest.call("DELETE", f"Tables('{rest.table}')")).refusal == (404, "ResourceNotFound")
    assert await create(rest, rest.table) == (201, "")
    assert (await rest.query()).rows == []


async def test_t019_tables_are_listed_in_order_and_in_pages(rest: RestClient) -> None:
    names = [f"{rest.table}{suffix}" for suffix in ("c", "a", "b")]
    for name in names:
        await create(rest, name)
    mine = f"TableName ge '{rest.table}' and TableName lt '{rest.table}z'"

    first = await rest.call("GET", "Tables", query={"$filter": mine, "$top": "2"})
    second = await rest.call("GET", "Tables", query={"$filter": mine, "$top": "2", **first.continuation})

    listed = [table["TableName"] for page in (first, second) for table in page.json["value"]]
    assert listed == [rest.table, *sorted(names)]
    assert list(first.continuation) == ["NextTableName"]
    assert second.continuation == {}


async def test_t019_tables_are_found_by_a_filter(rest: RestClient) -> None:
    found = await rest.call("GET", "Tables", query={"$filter": f"TableName eq '{rest.table}'"})

    assert [table["TableName"] for table in found.json["value"]] == [rest.table]


@differs_from_azurite("the address of one table answers an empty list")
async def test_the_address_of_one_table_answers_the_table(rest: RestClient) -> None:
    answer = await rest.call("GET", f"Tables('{rest.table.upper()}')")

    assert answer.json["TableName"] == rest.table
    assert (await rest.call("GET", "Tables('absent')")).refusal == (404, "ResourceNotFound")


@differs_from_azurite("a table is not found under another case of its name")
async def test_t065_a_table_is_found_under_any_case_and_named_as_it_was_created(rest: RestClient) -> None:
    await rest.insert("p", "r")

    answer = await rest.call("GET", f"{rest.table.upper()}()", query={})

    assert answer.rows == ["r"]
    assert answer.json["odata.metadata"].endswith(f"#{rest.table}")


async def test_t035_a_table_is_described_at_each_level(rest: RestClient) -> None:
    query = {"$filter": f"TableName eq '{rest.table}'"}

    none = await rest.call("GET", "Tables", query=query, headers=NO_METADATA)
    minimal = await rest.call("GET", "Tables", query=query)
    full = await rest.call("GET", "Tables", query=query, headers=FULL_METADATA)

    assert none.json == {"value": [{"TableName": rest.table}]}
    assert minimal.json == {
        "odata.metadata": f"{rest.endpoint}/$metadata#Tables",
        "value": [{"TableName": rest.table}],
    }
    assert full.json["value"][0]["odata.editLink"] == f"Tables('{rest.table}')"
    assert full.json["value"][0]["odata.type"] == "devstoreaccount1.Tables"


async def test_t049_the_properties_of_the_service_are_there(rest: RestClient) -> None:
    answer = await rest.call("GET", "", query={"restype": "service", "comp": "properties"})

    assert answer.status == 200
    assert re.findall(r"<(Logging|HourMetrics|MinuteMetrics|Cors)\b", answer.text)


CORS_RULE = (
    "<Cors><CorsRule><AllowedOrigins>http://chat.example</AllowedOrigins><AllowedMethods>GET</AllowedMethods>"
    "<AllowedHeaders>*</AllowedHeaders><ExposedHeaders>*</ExposedHeaders><MaxAgeInSeconds>5</MaxAgeInSeconds>"
    "</CorsRule></Cors>"
)


async def test_t049_properties_that_are_set_are_given_back_and_the_others_stay(rest: RestClient) -> None:
    query, xml = {"restype": "service", "comp": "properties"}, {"Content-Type": "application/xml"}
    body = f"<StorageServiceProperties>{CORS_RULE}</StorageServiceProperties>"

    answer = await rest.call("PUT", "", body, query=query, headers=xml)

    assert answer.status == 202
    properties = (await rest.call("GET", "", query=query)).text
    assert "<AllowedOrigins>http://chat.example</AllowedOrigins>" in properties
    assert "<Logging>" in properties


@differs_from_azurite("statistics are refused at the primary address")
async def test_t049_the_statistics_say_that_there_is_no_second_copy(rest: RestClient) -> None:
    answer = await rest.call("GET", "", query={"restype": "service", "comp": "stats"})

    assert answer.status == 200
    assert "<Status>unavailable</Status>" in answer.text


def policies(count: int) -> str:
    times = "<Start>2020-01-01T00:00:00.000Z</Start><Expiry>2099-01-01T00:00:00.000Z</Expiry>"
    policy = f"<AccessPolicy>{times}<Permission>r</Permission></AccessPolicy>"
    one = f"<SignedIdentifier><Id>{{0}}</Id>{policy}</SignedIdentifier>"
    return f"<SignedIdentifiers>{''.join(one.format(number) for number in range(count))}</SignedIdentifiers>"


async def test_access_policies_are_kept(rest: RestClient) -> None:
    query, xml = {"comp": "acl"}, {"Content-Type": "application/xml"}

    before = (await rest.call("GET", rest.table, query=query)).text
    answer = await rest.call("PUT", rest.table, policies(5), query=query, headers=xml)
    after = (await rest.call("GET", rest.table, query=query)).text

    assert (answer.status, re.findall("<Id>(.*?)</Id>", before)) == (204, [])
    assert re.findall("<Id>(.*?)</Id>", after) == list("01234")
    assert (await rest.call("GET", "absent", query=query)).refusal == (404, "TableNotFound")


@differs_from_azurite("other XML as properties or access policies is an error of the server, or accepted")
async def test_xml_that_says_something_else_is_refused(rest: RestClient) -> None:
    properties, policy_list = {"restype": "service", "comp": "properties"}, {"comp": "acl"}
    xml = {"Content-Type": "application/xml"}

    answers = [
        await rest.call("PUT", "", "<Other/>", query=properties, headers=xml),
        await rest.call("PUT", "", "<StorageServiceProperties", query=properties, headers=xml),
        await rest.call(
            "PUT",
            "",
            "<StorageServiceProperties><Other/></StorageServiceProperties>",
            query=properties,
            headers=xml,
        ),
        await rest.call("PUT", rest.table, policies(6), query=policy_list, headers=xml),
        await rest.call("PUT", rest.table, "<Other/>", query=policy_list, headers=xml),
    ]

    assert [answer.refusal for answer in answers] == [(400, "InvalidXmlDocument")] * 5


@differs_from_azurite("a method that a resource does not have is 400 without a code")
async def test_a_method_that_a_resource_does_not_have_is_refused(rest: RestClient) -> None:
    assert (await rest.call("DELETE", f"{rest.table}()")).refusal == (405, "UnsupportedHttpVerb")
