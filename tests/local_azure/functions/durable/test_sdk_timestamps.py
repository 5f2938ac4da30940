"""The SDK's parser of timestamps sees each text once while a backend runs, and gives the same values."""

import importlib
from collections import Counter
from types import ModuleType
from typing import Any

import pytest

from local_azure.functions.durable.execution.sdk_timestamps import (
    EVENT_MODULE,
    PARSER_NAME,
    remembered_timestamps,
)


@pytest.fixture
def events() -> ModuleType:
    """Return the SDK's module of history events; the package has a class of the same name."""
    return importlib.import_module(EVENT_MODULE)


async def test_d084_each_timestamp_of_a_history_is_parsed_once(
    serve: Any, events: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = getattr(events, PARSER_NAME)
    parsed: Counter[str] = Counter()

    def count(text: str) -> Any:
        parsed[text] += 1
        return parse(text)

    monkeypatch.setattr(events, PARSER_NAME, count)
    async with serve() as running:
        await running.client.start_new("many_steps", "d084")
        assert (await running.finished("d084")).runtime_status.value == "Completed"

    assert len(parsed) > 5
    assert set(parsed.values()) == {1}


def test_d084_the_values_are_those_of_the_sdk(events: ModuleType) -> None:
    texts = ["2026-08-24T10:00:00.0000000Z", "2026-08-24T10:00:00.1234567Z", "2026-03-29T01:30:00+02:00", "2026-08-24"]
    parse = getattr(events, PARSER_NAME)
    expected = [(repr(parse(text)), parse(text)) for text in texts]

    with remembered_timestamps():
        remembering = getattr(events, PARSER_NAME)
        assert remembering is not parse
        for _ in range(2):
            assert [(repr(remembering(text)), remembering(text)) for text in texts] == expected
        with pytest.raises(ValueError, match="nonsense"):
            remembering("nonsense")

    assert getattr(events, PARSER_NAME) is parse


def test_the_first_of_two_backends_of_a_process_decides(events: ModuleType) -> None:
    parse = getattr(events, PARSER_NAME)
    with remembered_timestamps():
        remembering = getattr(events, PARSER_NAME)
        with remembered_timestamps():
            assert getattr(events, PARSER_NAME) is remembering
        assert getattr(events, PARSER_NAME) is remembering
    assert getattr(events, PARSER_NAME) is parse


def test_an_sdk_without_this_parser_is_left_alone(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(events, PARSER_NAME)
    with remembered_timestamps():
        assert not hasattr(events, PARSER_NAME)
