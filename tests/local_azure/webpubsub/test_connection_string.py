from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.connection_string import ConnectionString, InvalidConnectionString

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"


def test_w001_a_connection_string_is_parsed_whatever_the_case_of_its_keys() -> None:
    parsed = ConnectionString.parse(f"ENDPOINT=https://chat.example/;accesskey={KEY};version=1.0;;")

    assert parsed == ConnectionString("https://chat.example", KEY)


def test_w002_an_access_key_keeps_its_equals_signs() -> None:
    assert ConnectionString.parse("Endpoint=http://h;AccessKey=a=b==;").access_key == "a=b=="


def test_w003_a_port_becomes_part_of_the_endpoint() -> None:
    assert ConnectionString.parse(f"Endpoint=http://h;AccessKey={KEY};Port=8081").endpoint == "http://h:8081"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"AccessKey={KEY}", "no Endpoint"),
        ("Endpoint=http://h", "no AccessKey"),
        ("Endpoint=http://h;AccessKey=", "no AccessKey"),
        ("", "no Endpoint"),
        (f"Endpoint=http://h;AccessKey={KEY};junk", "without '='"),
        (f"Endpoint=h:8080;AccessKey={KEY}", "not an http or https URL"),
        (f"Endpoint=http://h:x;AccessKey={KEY}", "not a URL"),
        (f"Endpoint=http://[;AccessKey={KEY}", "not a URL"),
        (f"Endpoint=http://h:1;AccessKey={KEY};Port=2", "another one"),
        (f"Endpoint=http://h;AccessKey={KEY};Port=70000", "1 to 65535"),
    ],
)
def test_w004_what_is_missing_or_wrong_is_named_and_the_key_is_not_shown(text: str, problem: str) -> None:
    with pytest.raises(InvalidConnectionString, match=problem) as error:
        ConnectionString.parse(text)

    assert KEY not in str(error.value)


def test_a_written_connection_string_is_read_back_and_its_key_is_not_printed() -> None:
    original = ConnectionString("http://127.0.0.1:8080", KEY)

    assert ConnectionString.parse(str(original)) == original
    assert KEY not in repr(original)


@given(st.text() | st.builds("Endpoint={};AccessKey={};Port={}".format, st.text(), st.text(), st.text()))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(InvalidConnectionString):
        assert ConnectionString.parse(text).endpoint.startswith("http")
