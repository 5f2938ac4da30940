"""A few hundred hostile inputs to the whole chat, and what a fuzz run would notice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from bench.fuzz_run.inputs import EVENTS, PATHS, SUBPROTOCOLS, TEXT_MARK, Frames, Request, SignedEvent, inputs
from bench.fuzz_run.run import find_defects, find_secrets, run_inputs
from chat.handlers import HANDLERS

INPUTS = 300
GROWTH_MEGABYTES = 40.0
"""What the processes may need more after a few hundred inputs: caches that fill, and modules that are imported late."""


def test_whatever_is_sent_the_chat_answers_keeps_running_and_logs_no_text(tmp_path: Path) -> None:
    result = run_inputs(INPUTS, tmp_path)

    assert result.problems == []
    assert result.inputs.total() == INPUTS
    assert min(result.inputs.values()) > INPUTS // 20
    assert result.seen.lines > 0
    assert result.memory[-1] - result.memory[0] < GROWTH_MEGABYTES


def test_every_event_and_path_of_the_protocol_is_among_the_inputs() -> None:
    assert EVENTS.keys() == HANDLERS.keys()
    assert ("GET", "/negotiate") in PATHS

    assert EVENTS["edit"] == ["room", "id", "message", "mentions", "clientId"]


@pytest.mark.parametrize("subprotocol", SUBPROTOCOLS)
def test_frames_of_every_subprotocol_are_among_the_inputs(subprotocol: str | None) -> None:
    assert example(lambda given: isinstance(given, Frames) and given.subprotocol == subprotocol)


@pytest.mark.parametrize("type_", ["invoke", "cancelInvocation", "streamData", "streamEnd"])
def test_frames_of_invocations_and_streams_are_among_the_inputs(type_: str) -> None:
    def has_frame(given: object) -> bool:
        return isinstance(given, Frames) and any(
            f'"type": "{type_}"' in text or f'"type":"{type_}"' in text for text in texts_of(given)
        )

    assert example(has_frame)


def texts_of(given: Frames) -> list[str]:
    return [frame for frame in given.frames if isinstance(frame, str)]


@pytest.mark.parametrize("kind", [Request, SignedEvent])
def test_requests_and_events_with_a_signature_are_among_the_inputs(kind: type) -> None:
    assert example(lambda given: isinstance(given, kind))


def example(condition: Callable[[object], bool]) -> object:
    return find(
        inputs,
        condition,
        settings=settings(
            database=None,
            max_examples=10_000,
            phases=[Phase.generate],  # any one will do: it need not be the smallest
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):\n  File x",
        'unexpected failure {"event":"message"}',
        'event failed {"code":"internal_error"}',
        "Executed 'Functions.zz_page' (Failed, Id=1, Duration=2ms)",
    ],
)
def test_a_defect_in_the_output_is_found(line: str) -> None:
    assert len(find_defects(f"before\n{line}\nafter")) >= 1
    assert find_defects("before\nafter") == []


def test_a_text_a_key_or_a_token_in_the_output_is_found_except_in_the_first_lines() -> None:
    banner = "Connection       Endpoint=http://localhost;AccessKey=the-key;Version=1.0;\n"

    assert find_secrets(banner + "all is well", ["the-key"]) == []
    assert find_secrets(f"{banner}message {TEXT_MARK}", [])
    assert find_secrets(banner + "signed with the-key", ["the-key"]) == ["in the log: a key or a token"]
