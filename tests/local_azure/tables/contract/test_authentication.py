"""Who is let in: the two forms of Shared Key, shared access signatures, bearer tokens."""

import time
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import quote

import pytest

from local_azure.tables import DEVELOPMENT_ACCOUNT
from tests.local_azure.tables.contract.differences import differs_from_azurite
from tests.local_azure.tables.rest_client import (
    VERSION,
    Answer,
    RestClient,
    batch_body,
    insert_operation,
    parse_parts,
    sign,
    write_operation,
)

ACCOUNT = DEVELOPMENT_ACCOUNT
TABLES = f"/{ACCOUNT}/Tables"


async def send_signed(
    rest: RestClient,
    text: str,
    *,
    scheme: str = "SharedKeyLite",
    target: str = TABLES,
    account: str = ACCOUNT,
    **headers: str,
) -> Answer:
    """Send a GET whose Authorization signs the text."""
    sent = {"Accept": "application/json", "Authorization": f"{scheme} {account}:{sign(text)}", **headers}
    return await rest.send("GET", target, None, sent)


def today() -> str:
    return formatdate(usegmt=True)


async def test_t005_both_forms_of_shared_key_are_accepted(rest: RestClient) -> None:
    date = today()
    resource = f"/{ACCOUNT}{TABLES}"

    lite = await send_signed(rest, f"{date}\n{resource}", **{"x-ms-date": date})
    full = await send_signed(rest, f"GET\n\n\n{date}\n{resource}", scheme="SharedKey", **{"x-ms-date": date})

    assert (lite.status, full.status) == (200, 200)


@differs_from_azurite("every failed authentication has the code AuthorizationFailure, a missing one too")
async def test_t005_a_wrong_signature_is_refused(rest: RestClient) -> None:
    date = today()

    answer = await send_signed(rest, f"{date}\n/{ACCOUNT}{TABLES}x", **{"x-ms-date": date})

    assert answer.refusal == (403, "AuthenticationFailed")
    assert answer.headers["x-ms-error-code"] == "AuthenticationFailed"
    assert answer.text.startswith("<?xml")


async def test_t006_the_resource_repeats_the_account(rest: RestClient) -> None:
    date = today()

    answer = await send_signed(rest, f"{date}\n{TABLES}", **{"x-ms-date": date})

    assert answer.status == 403


async def test_t008_of_the_query_only_comp_is_signed(rest: RestClient) -> None:
    date = today()
    service = f"/{ACCOUNT}/"
    target = f"{service}?restype=service&comp=properties"

    listed = await send_signed(rest, f"{date}\n/{ACCOUNT}{TABLES}", target=f"{TABLES}?$top=1", **{"x-ms-date": date})
    signed = await send_signed(
        rest, f"{date}\n/{ACCOUNT}{service}?comp=properties", target=target, **{"x-ms-date": date}
    )
    unsigned = await send_signed(rest, f"{date}\n/{ACCOUNT}{service}", target=target, **{"x-ms-date": date})

    assert (listed.status, signed.status, unsigned.status) == (200, 200, 403)


async def test_t009_a_date_may_stand_in_either_header(rest: RestClient) -> None:
    date = today()

    answer = await send_signed(rest, f"{date}\n/{ACCOUNT}{TABLES}", Date=date)

    assert answer.status == 200


@differs_from_azurite("of two dates, Date counts and not x-ms-date")
async def test_t009_of_two_dates_x_ms_date_counts(rest: RestClient) -> None:
    date = today()

    answer = await send_signed(
        rest, f"{date}\n/{ACCOUNT}{TABLES}", Date="Mon, 01 Jan 2001 00:00:00 GMT", **{"x-ms-date": date}
    )

    assert answer.status == 200


@pytest.mark.parametrize("minutes", [-16, 16])
@differs_from_azurite("a date that is more than 15 minutes off is accepted")
async def test_t010_a_date_that_is_more_than_15_minutes_off_is_refused(rest: RestClient, minutes: int) -> None:
    date = formatdate(time.time() + minutes * 60, usegmt=True)

    answer = await send_signed(rest, f"{date}\n/{ACCOUNT}{TABLES}", **{"x-ms-date": date})

    assert answer.refusal == (403, "AuthenticationFailed")


async def test_t010_a_date_that_is_14_minutes_off_is_accepted(rest: RestClient) -> None:
    date = formatdate(time.time() - 14 * 60, usegmt=True)

    assert (await send_signed(rest, f"{date}\n/{ACCOUNT}{TABLES}", **{"x-ms-date": date})).status == 200


@pytest.mark.parametrize(
    "authorization", ["", "SharedKey", "SharedKey x", "Basic eA==", "SharedKeyLite devstoreaccount1:"]
)
async def test_t010_an_unusable_authorization_is_refused(rest: RestClient, authorization: str) -> None:
    headers = {"Accept": "application/json", "Authorization": authorization, "x-ms-date": today()}

    assert (await rest.send("GET", TABLES, None, headers)).status == 403


async def test_t011_another_account_is_refused(rest: RestClient) -> None:
    date = today()

    answer = await send_signed(rest, f"{date}\n/other/other/Tables", account="other", target="/other/Tables", Date=date)

    assert answer.status in (400, 403, 404)


# --- shared access signatures ----------------------------------------------------------------------------------------

LATER, EARLIER = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


def table_signature(table: str, permissions: str, *, until: str = LATER, **other: str) -> dict[str, str]:
    fields = {"sv": VERSION, "tn": table, "sp": permissions, "se": until, **other}
    names = ("si", "sip", "spr", "sv", "spk", "srk", "epk", "erk")
    head = [fields.get("sp", ""), fields.get("st", ""), fields["se"], f"/table/{ACCOUNT}/{table.lower()}"]
    return {**fields, "sig": sign("\n".join([*head, *(fields.get(name, "") for name in names)]))}


def account_signature(
    permissions: str, *, services: str = "t", types: str = "sco", until: str = LATER
) -> dict[str, str]:
    text = "\n".join([ACCOUNT, permissions, services, types, "", LATER, "", "", VERSION]) + "\n"
    return {"sv": VERSION, "ss": services, "srt": types, "sp": permissions, "se": LATER, "sig": sign(text)}


async def send_with(
    rest: RestClient, signature: Mapping[str, str], method: str, path: str, body: str | None = None, **headers: str
) -> Answer:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in signature.items())
    sent = {"Accept": "application/json", "Content-Type": "application/json" if body else "", **headers}
    return await rest.send(method, f"/{ACCOUNT}/{path}?{query}", body, sent)


async def test_t012_a_tables_signature_allows_what_it_names(rest: RestClient) -> None:
    signature = table_signature(rest.table, "ra")
    path = f"{rest.table}(PartitionKey='p',RowKey='r')"

    inserted = await send_with(rest, signature, "POST", rest.table, '{"PartitionKey": "p", "RowKey": "r"}')
    found = await send_with(rest, signature, "GET", path)
    deleted = await send_with(rest, signature, "DELETE", path, **{"If-Match": "*"})

    assert (inserted.status, found.status) == (201, 200)
    assert deleted.refusal == (403, "AuthorizationPermissionMismatch")


@differs_from_azurite("with a signature, an upsert needs only the permission to update")
async def test_t012_an_upsert_needs_both_permissions(rest: RestClient) -> None:
    path = f"{rest.table}(PartitionKey='p',RowKey='r')"

    statuses = [
        (await send_with(rest, table_signature(rest.table, letters), "PUT", path, '{"a": 1}')).status
        for letters in ("u", "a", "au")
    ]

    assert statuses == [403, 403, 204]


async def test_t012_a_signature_ends_and_holds_for_one_table(rest: RestClient) -> None:
    ended = await send_with(rest, table_signature(rest.table, "r", until=EARLIER), "GET", f"{rest.table}()")
    other = await send_with(rest, table_signature("other", "r"), "GET", f"{rest.table}()")
    changed = await send_with(rest, {**table_signature(rest.table, "r"), "sp": "raud"}, "GET", f"{rest.table}()")

    assert {ended.status, other.status, changed.status} == {403}


async def test_t013_an_accounts_signature_needs_the_resource_type(rest: RestClient) -> None:
    refused = await send_with(rest, account_signature("rl", types="o"), "GET", "Tables")
    listed = await send_with(rest, account_signature("rl"), "GET", "Tables")

    assert refused.refusal == (403, "AuthorizationResourceTypeMismatch")
    assert listed.status == 200


async def test_t013_an_accounts_signature_needs_the_service_and_the_permission(rest: RestClient) -> None:
    service = await send_with(rest, account_signature("rl", services="b"), "GET", "Tables")
    permission = await send_with(rest, account_signature("l"), "GET", f"{rest.table}()")

    assert service.refusal == (403, "AuthorizationServiceMismatch")
    assert permission.refusal == (403, "AuthorizationPermissionMismatch")


@differs_from_azurite("a signature for a table is not good for a transaction")
async def test_t012_each_operation_of_a_transaction_needs_its_permission(rest: RestClient) -> None:
    await rest.insert("p", "old")
    operations = [
        insert_operation(rest.table, "p", "new"),
        write_operation("DELETE", rest.table, "p", "old", if_match="*"),
    ]
    body = batch_body(rest.endpoint, operations)
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1"}

    refused = await send_with(rest, table_signature(rest.table, "a"), "POST", "$batch", body, **headers)
    allowed = await send_with(rest, table_signature(rest.table, "ad"), "POST", "$batch", body, **headers)

    [part] = parse_parts(refused)
    assert part.refusal == (403, "AuthorizationPermissionMismatch")
    assert part.message.startswith("1:")
    assert [part.status for part in parse_parts(allowed)] == [204, 204]


@differs_from_azurite("a signature for a range of keys holds for every key")
async def test_a_signature_for_a_range_of_keys_is_not_offered(rest: RestClient) -> None:
    signature = table_signature(rest.table, "r", spk="a", epk="b")

    assert (await send_with(rest, signature, "GET", f"{rest.table}()")).refusal == (501, "NotImplemented")


@differs_from_azurite("a bearer token is refused over http")
async def test_a_bearer_token_is_accepted_and_not_looked_at(rest: RestClient) -> None:
    headers = {"Accept": "application/json", "Authorization": "Bearer of.any.kind"}

    assert (await rest.send("GET", TABLES, None, headers)).status == 200


async def test_the_preflight_request_of_a_browser_is_refused(rest: RestClient) -> None:
    headers = {"Origin": "http://chat.example", "Access-Control-Request-Method": "GET", "Accept": "application/json"}

    assert (await rest.send("OPTIONS", TABLES, None, headers)).refusal == (403, "CorsPreflightFailure")
