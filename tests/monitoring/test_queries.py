"""The queries of `docs/monitoring.md`, of the workbook and of the alerts are valid, and ask for what is written."""

import json
import re
import subprocess
import textwrap
from collections.abc import Mapping

import pytest

from chat.call_record import CallRecord
from chat.errors import ChatError, InvalidEvent, OriginRefused, UnknownHub, Untrusted
from chat.handlers import HANDLERS
from chat.trace_context import new_trace
from tests.monitoring.tables import TABLES
from tests.monitoring.workbook import ROOT, WORKBOOK_QUERIES
from tests.system_parts import miss, node_path

CHECKER = ROOT / "tests" / "page" / "kql.js"
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
ALERTS = (ROOT / "infra" / "alerts.bicep").read_text(encoding="utf-8")
PAGE_QUERIES = {
    part.partition("\n")[0]: part.partition("```kusto\n")[2].partition("\n```")[0]
    for part in re.split(r"^###? ", PAGE, flags=re.MULTILINE)
    if "```kusto" in part
}
ALERT_QUERIES = {
    part.partition(" ")[0]: textwrap.dedent(part.partition("query: '''\n")[2].partition("'''")[0].rstrip())
    for part in ALERTS.split("\nresource ")
    if "query: '''" in part
}
QUERIES = PAGE_QUERIES | ALERT_QUERIES
# The fields of the line of an event or a request: everything that a call can be known to be.
FIELDS = set(
    CallRecord("message", 0, new_trace(1), "ana", "c", "lobby", "m", seq=1, code="muted", status=403).fields(0)
)


def problems_of(queries: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what Microsoft's parser finds wrong with each query that is wrong."""
    if not (CHECKER.parent / "node_modules" / "@kusto").exists():
        miss("the packages of tests/page (npm)")
    asked = json.dumps({"tables": TABLES, "queries": queries})
    ran = subprocess.run([node_path(), CHECKER], input=asked, capture_output=True, text=True, check=True, timeout=60)
    problems: dict[str, list[str]] = json.loads(ran.stdout)
    return problems


# Names of tables, columns, operators and functions: some query has each of them.
NAMES = (
    *("itemCount", "indexof", "timestamp", "parse_json", "severityLevel", "cloud_RoleInstance", "problemId"),
    *("traces", "percentilesw", "dcount", "sumif", "summarize", "project", "exceptions"),
)


def misspell(title: str) -> str:
    """Return a query with one of the names misspelled, another one in the next query."""
    text, start = QUERIES[title], list(QUERIES).index(title)
    name = next(name for name in NAMES[start % len(NAMES) :] + NAMES if re.search(rf"\b{name}\b", text))
    return re.sub(rf"\b{name}\b", f"{name}x", text, count=1)


@pytest.fixture(scope="module")
def problems() -> dict[str, list[str]]:
    """What is wrong with the queries, and with each of them misspelled."""
    return problems_of(QUERIES | {f"{title} (misspelled)": misspell(title) for title in QUERIES})


def test_there_are_queries_on_the_page_and_in_the_alerts() -> None:
    assert len(PAGE_QUERIES) == PAGE.count("```kusto")
    assert len(ALERT_QUERIES) == ALERTS.count("scheduledQueryRules@")


def test_every_query_is_understood(problems: dict[str, list[str]]) -> None:
    assert {title: problems[title] for title in QUERIES if title in problems} == {}


def test_a_misspelled_name_is_found_in_every_query(problems: dict[str, list[str]]) -> None:
    assert [title for title in QUERIES if f"{title} (misspelled)" not in problems] == []


@pytest.mark.parametrize("title", QUERIES)
def test_a_query_asks_for_fields_that_a_line_has(title: str) -> None:
    text = QUERIES[title]

    assert set(re.findall(r"\bd\.(\w+)", text)) <= FIELDS
    assert set(re.findall(r'message startswith "(.*?)"', text)) <= {"event handled {", "request handled {"}
    assert set(re.findall(r'd\.event == "(\w+)"', text)) <= set(HANDLERS)


def test_the_codes_of_refused_webhooks_are_those_of_the_app() -> None:
    errors: list[type[ChatError]] = [Untrusted, UnknownHub, InvalidEvent, OriginRefused]
    asked = [re.findall(r"d\.code in \((.*?)\)", text) for text in QUERIES.values() if "d.code in" in text]

    assert len(asked) == 2
    for (codes,) in asked:
        assert re.findall(r'"(\w+)"', codes) == [error.code for error in errors]


def test_the_workbook_has_the_queries_of_the_page() -> None:
    assert WORKBOOK_QUERIES == PAGE_QUERIES
