"""Binding expressions: app settings, the trigger's data, ids and times, and filters that no value can change."""

import json
import re
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from azure.functions.http import HttpRequest

from local_azure.functions.bindings.expressions import ExpressionContext, resolve, resolve_filter
from local_azure.functions.bindings.trigger_data import read_trigger_data
from local_azure.functions.errors import BindingError

ID = uuid.UUID("12345678-90ab-cdef-1234-567890abcdef")
NOW = datetime(2026, 8, 24, 9, 5, 7, tzinfo=UTC)


def context(**data: object) -> ExpressionContext:
    return ExpressionContext({"Room": "lobby", "Empty": ""}, data, "read_one", NOW, lambda: ID)


def request(
    *, query: dict[str, str] | None = None, route: dict[str, str] | None = None, body: object = None
) -> HttpRequest:
    content = b"" if body is None else json.dumps(body).encode()
    return HttpRequest(
        method="POST",
        url="http://localhost/api/x",
        headers={"x-room": "header"},
        params=query or {},
        route_params=route or {},
        body_type="bytes",
        body=content,
    )


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("plain", "plain"),
        ("%Room%-{id}", "lobby-7"),
        ("{ID}{Nested.inner}", "7deep"),
        ("{rand-guid}", str(ID)),
        ("{rand-guid:N}", ID.hex),
        ("{rand-guid:B}", f"{{{ID}}}"),
        ("{sys.randguid}", str(ID)),
        ("{DateTime}", "2026-08-24T09-05-07Z"),
        ("{datetime:yyyyMMdd}/{datetime:HH-mm-ss}", "20260824/09-05-07"),
        ("{sys.methodname}", "read_one"),
    ],
)
def test_d081_expressions_are_replaced(text: str, resolved: str) -> None:
    assert resolve(text, context(id="7", nested={"Inner": "deep"})) == resolved


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%Missing%", "'%Missing%' is not the name of an app setting"),
        ("%Empty%", "'%Empty%' is not the name of an app setting"),
        ("{room}", "no value for the binding expression '{room}'"),
        ("{nested.other}", "no value for the binding expression '{nested.other}'"),
        ("{nested}", "names an object"),
        ("{rand-guid:Q}", "'Q' is not a format of {rand-guid}"),
        ("{datetime:dddd}", "'dddd' is not supported in a date format"),
    ],
)
def test_d081_an_expression_without_a_value_is_an_error_that_names_it(text: str, reason: str) -> None:
    with pytest.raises(BindingError, match=re.escape(reason)):
        resolve(text, context(nested={"inner": "deep"}))


def test_a_parameter_of_the_app_comes_before_a_built_in_one() -> None:
    assert resolve("{datetime}", context(datetime="theirs")) == "theirs"


@pytest.mark.parametrize(
    ("text", "value", "resolved"),
    [
        ("name eq '{v}'", "o'hara", "name eq 'o''hara'"),
        ("id eq guid'{v}'", "x' or true or '", "id eq guid'x'' or true or '''"),
        ("n ge {v}", "-1.5e3", "n ge -1.5e3"),
        ("flag eq {v}", "True", "flag eq True"),
        ("{v}", "n ge 1 or true", "n ge 1 or true"),
        ("name eq '%Room%' and n lt {v}", "4", "name eq 'lobby' and n lt 4"),
    ],
)
def test_d074_values_take_their_place_in_a_filter(text: str, value: str, resolved: str) -> None:
    assert resolve_filter(text, context(v=value)) == resolved


@pytest.mark.parametrize("value", ["", "x", "1 or true", "'a'", "0x1", "1;", "٣", "Infinity", "true or 1"])
def test_d074_only_numbers_and_booleans_may_stand_outside_of_quotes(value: str) -> None:
    for text in ("n ge {v}", "name eq 'a{v}'"):
        with pytest.raises(BindingError, match="must be a number, true or false"):
            resolve_filter(text, context(v=value))


def test_d081_a_request_gives_its_body_its_query_and_its_route_the_last_of_a_name_counts() -> None:
    data = read_trigger_data(
        request(
            body={"a": "body", "b": "body", "c": True, "d": 1.5, "e": None, "f": [1], "g": {"h": "deep"}},
            query={"b": "query", "room": "query", "code": "key"},
            route={"room": "route"},
        )
    )

    texts = {name: value for name, value in data.items() if isinstance(value, str)}
    assert texts == {"a": "body", "b": "query", "c": "True", "d": "1.5", "room": "route"}
    assert resolve("{g.h} {query.b} {headers.x-room}", context(**data)) == "deep query header"


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"a"', b"\xff{}", b'"{}"', b"{" * 100_000])
def test_a_body_that_is_no_json_object_gives_nothing(body: bytes) -> None:
    made = HttpRequest(
        method="POST", url="http://x/", headers={}, params={}, route_params={}, body_type="bytes", body=body
    )

    assert set(read_trigger_data(made)) == {"query", "headers"}


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        ({"room": "lobby", "n": 2}, {"room": "lobby", "n": "2"}),
        ('{"room": "lobby"}', {"room": "lobby"}),
        (func.OrchestrationContext('{"instanceId": "i"}'), {"instanceId": "i"}),
        ("text", {}),
        (5, {}),
        (None, {}),
    ],
)
def test_other_triggers_give_the_properties_of_their_json(argument: Any, data: dict[str, object]) -> None:
    assert read_trigger_data(argument) == data


def test_a_request_of_a_web_extension_gives_its_route_and_query() -> None:
    """Its body is a stream, which is left to the function."""
    streamed = SimpleNamespace(
        path_params={"room": "route"}, query_params={"room": "query", "n": "1"}, headers={"a": "b"}
    )

    data = read_trigger_data(streamed)

    assert {name: value for name, value in data.items() if isinstance(value, str)} == {"room": "route", "n": "1"}
    assert resolve("{headers.a}", context(**data)) == "b"
