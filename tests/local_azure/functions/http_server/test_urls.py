"""Paths and queries before routing, without a socket."""

import pytest

from local_azure.functions.http_server.urls import BadPath, decode_path, parse_query


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("/a%20b", "/a b"),
        ("/gr%C3%BC%C3%9Fe", "/grüße"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a%2fb", "/a%2fb"),
        ("/100%25", "/100%"),
        ("/%FFx", "/%FFx"),
        ("/a/../b", "/b"),
        ("/a/./b", "/a/b"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/..%2Fb", "/a/..%2Fb"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/a..b/...", "/a..b/..."),
        ("/a//b", "/a//b"),
    ],
)
def test_h080_a_path_is_decoded_as_the_host_does_it(raw: str, decoded: str) -> None:
    assert decode_path(raw) == decoded


def test_an_encoded_nul_is_no_path() -> None:
    with pytest.raises(BadPath):
        decode_path("/a%00b")


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        ("a=1&a=2", {"a": "1,2"}),
        ("a=&b=1", {"b": "1"}),
        ("flag", {}),
        ("a=1&A=2", {"a": "1,2"}),
        ("a=&a=1", {"a": ",1"}),
        ("a=x+y%2B%20z", {"a": "x y+ z"}),
        ("n%20m=1", {"n m": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=%FF", {"a": "%FF"}),
        ("&&", {}),
        ("", {}),
    ],
)
def test_h037_h038_a_query_becomes_the_parameters_that_functions_see(raw: str, parameters: dict[str, str]) -> None:
    assert parse_query(raw) == parameters
