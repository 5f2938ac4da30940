"""Signatures that are known, without a service."""

from collections.abc import Mapping

import pytest
from multidict import CIMultiDict

from local_azure.tables import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from local_azure.tables.authentication import FULL_ACCESS, Credentials, Grant, authenticate
from local_azure.tables.errors import TableError
from local_azure.tables.timestamps import TICKS_PER_SECOND, parse_datetime
from tests.local_azure.tables.rest_client import sign

DATE = "Thu, 26 Nov 2026 02:27:19 GMT"
NOW = parse_datetime("2026-11-26T02:27:19Z") / TICKS_PER_SECOND
ACCOUNT = DEVELOPMENT_ACCOUNT
OTHER_KEY = "b3RoZXI="
# The development account and key sign these so; each was accepted by another implementation of the service.
VECTORS = [
    ("SharedKeyLite", "GET", "Tables", "", "", "9vhpnvZzeeLKoqEknBWv5K5+s8QXGlZxQrSXNjDDXLA="),
    ("SharedKeyLite", "POST", "$batch", "", "", "d2jySzY26Ryi7Zh/x+6UBOc+KkNa/a2ImUu0xCNe7ng="),
    ("SharedKey", "GET", "Tables", "", "", "t5goputcbNqDlJ95GWfSBYmQltr5sXYu3Ea6LFcoVNI="),
    (
        "SharedKey",
        "POST",
        "$batch",
        "",
        "multipart/mixed; boundary=batch_1",
        "4EdQ4+fVxDMnE/X35on4Pae0vnli8a5Jot8btwemcGg=",
    ),
    ("SharedKey", "GET", "", "properties", "", "G/jpiAJzUneVQ5oqMBrMLYL/fkBsQuIsrdva0zw/zd4="),
]


def check(
    signature: str,
    *,
    scheme: str = "SharedKeyLite",
    method: str = "GET",
    path: str = f"/{ACCOUNT}/Tables",
    query: Mapping[str, str] | None = None,
    keys: tuple[str, ...] = (DEVELOPMENT_KEY,),
    account: str = ACCOUNT,
    content_type: str = "",
) -> Grant:
    sent = CIMultiDict(
        {"Authorization": f"{scheme} {account}:{signature}", "x-ms-date": DATE, "Content-Type": content_type}
    )
    return authenticate(method, path, query or {}, sent, credentials=Credentials(ACCOUNT, keys), now=NOW)


@pytest.mark.parametrize(("scheme", "method", "rest", "comp", "content_type", "signature"), VECTORS)
def test_t005_a_known_signature_is_accepted_and_a_changed_one_refused(
    scheme: str, method: str, rest: str, comp: str, content_type: str, signature: str
) -> None:
    def attempt(text: str) -> Grant:
        return check(
            text,
            scheme=scheme,
            method=method,
            path=f"/{ACCOUNT}/{rest}",
            query={"comp": comp} if comp else {},
            content_type=content_type,
        )

    assert attempt(signature) is FULL_ACCESS
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(TableError, match="AuthenticationFailed"):
        attempt(changed)


def test_t011_each_key_of_the_account_is_accepted() -> None:
    text = f"{DATE}\n/{ACCOUNT}/{ACCOUNT}/Tables"

    for key in (DEVELOPMENT_KEY, OTHER_KEY):
        assert check(sign(text, key), keys=(DEVELOPMENT_KEY, OTHER_KEY)) is FULL_ACCESS
    with pytest.raises(TableError):
        check(sign(text, OTHER_KEY))


def test_t007_the_path_is_signed_as_it_is_sent() -> None:
    path = f"/{ACCOUNT}/room(PartitionKey=%27a%20b%27,RowKey='%2B')"
    signature = sign(f"{DATE}\n/{ACCOUNT}{path}")

    assert check(signature, path=path) is FULL_ACCESS
    for other in (path.replace("%20", " "), path.replace("%27", "'"), path.replace("%2B", "%2b")):
        with pytest.raises(TableError):
            check(signature, path=other)


@pytest.mark.parametrize(
    "sent", [f"/{ACCOUNT}-secondary/{ACCOUNT}/", f"/{ACCOUNT}-secondary/"], ids=["python", "others"]
)
def test_t049_the_secondary_is_signed_as_the_primary(sent: str) -> None:
    signature = sign(f"{DATE}\n/{ACCOUNT}/{ACCOUNT}/?comp=stats")

    assert check(signature, path=sent, query={"comp": "stats"}) is FULL_ACCESS


TABLE_SIGNATURE = {
    "sv": "2019-02-02",
    "tn": "messages",
    "sp": "ra",
    "se": "2030-01-01T00:00:00Z",
    "sig": "dD2eFnxXaQZPDo+SNzPqsNf2vTOL08Oe2ss2xP9BB44=",
}
ACCOUNT_SIGNATURE = {
    "sv": "2019-02-02",
    "ss": "t",
    "srt": "sco",
    "sp": "rl",
    "se": "2030-01-01T00:00:00Z",
    "sig": "6atERsp82qDGsajntf9Es3ucADuU+5Mh/vk0jf0U1tw=",
}


def by_signature(query: Mapping[str, str], *, now: float = NOW, allow_shared_key: bool = True) -> Grant:
    credentials = Credentials(ACCOUNT, (DEVELOPMENT_KEY,), allow_shared_key)
    return authenticate("GET", f"/{ACCOUNT}/messages", query, {}, credentials=credentials, now=now)


def test_t012_the_known_signature_of_a_table_is_accepted() -> None:
    grant = by_signature(TABLE_SIGNATURE)

    assert (grant.permissions, grant.table) == ("ra", "messages")
    with pytest.raises(TableError, match="AuthenticationFailed"):
        by_signature(TABLE_SIGNATURE, now=parse_datetime("2030-01-01T00:00:00Z") / TICKS_PER_SECOND)


def test_t013_the_known_signature_of_an_account_is_accepted() -> None:
    grant = by_signature(ACCOUNT_SIGNATURE)

    assert (grant.permissions, grant.resource_types, grant.table) == ("rl", "sco", None)


@pytest.mark.parametrize("query", [TABLE_SIGNATURE, ACCOUNT_SIGNATURE], ids=["table", "account"])
def test_t095_without_shared_keys_no_shared_access_signature_is_accepted(query: dict[str, str]) -> None:
    with pytest.raises(TableError, match="KeyBasedAuthenticationNotPermitted"):
        by_signature(query, allow_shared_key=False)


@pytest.mark.parametrize("query", [TABLE_SIGNATURE, ACCOUNT_SIGNATURE], ids=["table", "account"])
def test_a_signature_signs_each_of_its_fields(query: dict[str, str]) -> None:
    for name in set(query) - {"sig"}:
        with pytest.raises(TableError):
            by_signature({**query, name: query[name] + "x"})
    with pytest.raises(TableError):
        by_signature({**query, "st": "2020-01-01T00:00:00Z"})
