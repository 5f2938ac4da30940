"""Whatever a caller sends: the documented refusals, never a 5xx, never a line in the error log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import HUB
from tests.local_azure.webpubsub.rest.rest_client import RestClient

DOCUMENTED = {200, 202, 204, 400, 401, 404, 405, 409, 415}

# The service of a test serves all its examples: they only differ in what is sent.
of_one_service = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150
)

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
segments = st.one_of(
    st.sampled_from(["connections", "groups", "users", "permissions", ":send", ":closeConnections", ":addToGroups"]),
    st.sampled_from(["sendToGroup", "%FF", "%2F", "%00", "+", "%", ""]),
    texts.map(lambda text: quote(text, safe="")),
)
header_values = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
PARAMETERS = """
    api-version excluded filter messageTtlSeconds maxpagesize top continuationToken targetName reason role group userId
    minutesToExpire
"""
queries = st.lists(
    st.tuples(
        st.sampled_from(PARAMETERS.split()),
        texts | st.sampled_from(["2024-12-01", "1", "300", "true", "userId eq 'a'"]),
    ),
    max_size=4,
)


@contextmanager
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.clear()
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@of_one_service
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    path=st.lists(segments, max_size=5).map("/".join),
    query=queries,
    body=st.binary(max_size=40) | st.sampled_from([b'{"groups":["x"]}', b"null", b"[" * 9000]),
    content_type=header_values | st.sampled_from(["text/plain", "application/json", "text/plain; charset=utf-16"]),
    metadata=st.tuples(st.sampled_from(["a", "A-b", "x" * 300]), header_values),
)
async def test_any_request_is_answered_as_documented(
    service: Service,
    rest: RestClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    body: bytes,
    content_type: str,
    metadata: tuple[str, str],
) -> None:
    headers = {f"X-WebPubSub-Metadata-{metadata[0]}": metadata[1], "Content-Type": content_type}

    with no_error_is_logged(caplog):
        answer = await rest(method, f"/{path}", *query, body=body, headers=headers, version=None)

    assert answer.status in DOCUMENTED
    if answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}:
        assert answer.code
        assert method == "HEAD" or set(answer.json()) == {"code", "message", "target"}


@of_one_service
@given(token=header_values)
async def test_any_authorization_is_401(
    service: Service, rest: RestClient, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    with no_error_is_logged(caplog):
        answer = await rest.request(
            "POST", f"{service.endpoint}/api/hubs/{HUB}/:send", b"x", {"Authorization": f"Bearer {token}"}
        )

    assert (answer.status, answer.body) == (401, b"")


@of_one_service
@given(text=texts | st.sampled_from(["(" * 3000, "not " * 2000, "'" * 2000, "length(" * 900]))
async def test_any_filter_is_used_or_refused(rest: RestClient, caplog: pytest.LogCaptureFixture, text: str) -> None:
    with no_error_is_logged(caplog):
        status = await rest.text("/:send", "hi", ("filter", text))

    assert status in (202, 400)
