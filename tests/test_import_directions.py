"""Imports in the backend go one way, from functions and handlers down to rules, as `docs/architecture.md` shows."""

import re
from pathlib import Path

import pytest

from tests.import_graph import count_levels, find_cycle, imported_modules, members_of, read_import_graph

ROOT = Path(__file__).resolve().parents[1]
CHAT = read_import_graph(ROOT, "chat")
MEMBERS = members_of("chat", CHAT)
# From top to bottom: each may import those below it. What is not listed is used by all and imports none of these.
ORDER = [
    "functions",
    "handlers",
    "health",
    "administration",
    "commands",
    "rooms",
    "messages",
    "handler_context",
    "presence",
    "room_log",
    "room_list",
    "webhook",
]


def test_no_module_of_the_backend_imports_one_that_imports_it() -> None:
    assert find_cycle(CHAT) == []


def test_the_packages_of_the_backend_do_not_import_each_other_in_a_circle() -> None:
    assert find_cycle(MEMBERS) == []


def test_the_backend_has_at_most_fourteen_levels_of_modules() -> None:
    assert count_levels(CHAT) <= 14


@pytest.mark.parametrize("name", ORDER)
def test_a_part_imports_only_parts_below_it(name: str) -> None:
    above = {f"chat.{other}" for other in ORDER[: ORDER.index(name)]}

    assert MEMBERS[f"chat.{name}"] & above == set()


def test_what_is_used_by_all_imports_none_of_the_parts() -> None:
    parts = {f"chat.{name}" for name in ORDER}

    wrong = {name: targets & parts for name, targets in MEMBERS.items() if name not in parts and targets & parts}

    assert wrong == {}


PURE = [
    "times",
    "trace_context",
    "call_record",
    "health/readiness",
    "message_ids",
    "names",
    "text_rules",
    "http_messages",
    "frames",
    "rate_limits",
    "event_limiter",
    "messages/parse",
    "room_log/model",
    "table_storage/addresses",
    "table_storage/batch",
    "table_storage/entities",
    "table_storage/errors",
    "table_storage/operations",
    "table_storage/signatures",
    "room_list/rows",
    "room_log/append_plan",
    "room_log/rows",
    "room_log/entry_frames",
    "webhook/events",
    "webhook/connection_state",
    "commands/reminders",
]


@pytest.mark.parametrize("name", PURE)
def test_a_module_of_rules_has_no_input_and_output(name: str) -> None:
    source = (ROOT / "chat" / f"{name}.py").read_text(encoding="utf-8")

    assert re.findall(r"^\s*(?:import|from) (azure|aiohttp|asyncio|os|time)\b", source, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from chat import names", "chat.names"),
        ("import chat.names", "chat.names"),
        ("from chat.names import LOBBY", "chat.names"),
        ("if TYPE_CHECKING:\n    from chat.names import LOBBY", "chat.names"),
        ("def use():\n    from chat.names import LOBBY", "chat.names"),
        ("from .names import LOBBY", "chat.names"),
        ("from . import names", "chat.names"),
        ("from chat.presence import rosters, places", "chat.presence.places"),
    ],
)
def test_every_form_of_import_is_seen(statement: str, expected: str) -> None:
    modules = {name: ROOT / f"{name.replace('.', '/')}.py" for name in CHAT}

    assert expected in set(imported_modules("chat.frames", statement, modules))


def test_a_cycle_is_found_and_levels_are_counted() -> None:
    assert set(find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert find_cycle({"a": {"b"}, "b": {"c"}}) == []
    assert count_levels({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3
