"""Placeholders for what is new in each run."""

from uuid import uuid4

import pytest

from local_azure.recording.file_format import JsonValue
from local_azure.recording.identifiers import Identifiers

NOW = 1_800_000_000.0
TODAY = "2027-01-15T08:00:01.250Z"


@pytest.fixture
def identifiers() -> Identifiers:
    return Identifiers(lambda: NOW)


def test_an_id_has_the_same_placeholder_wherever_it_is(identifiers: Identifiers) -> None:
    first, second, short = str(uuid4()), str(uuid4()), uuid4().hex

    replaced = identifiers.replace({"id": first, "of": [second, f"/messages/{first}"], short: short})

    assert replaced == {"id": "⟨uuid 1⟩", "of": ["⟨uuid 2⟩", "/messages/⟨uuid 1⟩"], "⟨hex32 1⟩": "⟨hex32 1⟩"}
    assert identifiers.value_of("⟨uuid 2⟩") == second


def test_the_id_of_a_connection_is_named_after_its_client(identifiers: Identifiers) -> None:
    identifiers.name_connection("a-b_c", "ana 2")

    assert identifiers.replace_text("/connections/a-b_c/groups") == "/connections/⟨connection ana 2⟩/groups"


def test_moments_near_the_recording_are_replaced_and_others_stay(identifiers: Identifiers) -> None:
    milliseconds = int(NOW * 1000) - 5000
    kept: dict[str, JsonValue] = {"born": "1999-12-31T00:00:00Z", "big": 10**15, "is": True, "ratio": 0.5}

    replaced = identifiers.replace({"at": TODAY, "ms": milliseconds, **kept})

    assert replaced == {"at": "⟨time⟩", "ms": "⟨time-ms⟩", **kept}


@pytest.mark.parametrize("text", ["2027-13-45T99:00:00Z", "deadbeef", "g" * 32, "x" + "a" * 32 + "g"])
def test_what_only_looks_like_an_id_or_a_time_stays(identifiers: Identifiers, text: str) -> None:
    assert identifiers.replace_text(text) == text


@pytest.mark.parametrize(("kind", "length"), [("uuid", 36), ("hex32", 32), ("hex40", 40)])
def test_a_new_id_has_the_form_of_its_kind_and_is_known_from_then_on(
    identifiers: Identifiers, kind: str, length: int
) -> None:
    value, placeholder = identifiers.create(kind)

    assert len(value) == length
    assert identifiers.replace_text(value) == placeholder
    assert identifiers.value_of(placeholder) == value


def test_this_moment_is_a_text_or_a_number(identifiers: Identifiers) -> None:
    assert identifiers.current_time("time") == "2027-01-15T08:00:00.000Z"
    assert identifiers.current_time("time-ms") == int(NOW * 1000)
