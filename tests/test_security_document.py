"""SECURITY.md names a test for each threat; the tests are where it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| ([^|]+) \| (.+) \| (.+) \| `(tests/[\w/.-]+\.(?:py|js|mjs))::([^`]+)` \|$", re.MULTILINE)
THREATS = [match.groups() for match in ROW.finditer((ROOT / "SECURITY.md").read_text(encoding="utf-8"))]
LEAST = 60


def test_the_table_has_at_least_sixty_threats_and_none_twice() -> None:
    assert len(THREATS) >= LEAST
    assert len({(who, what) for who, what, *_ in THREATS}) == len(THREATS)


def test_every_row_of_the_tables_is_a_threat_with_its_test() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Threats")[2]
    rows = [line for line in text.splitlines() if line.startswith("|") and not re.match(r"\| who \||\|-", line)]

    assert [row for row in rows if not ROW.fullmatch(row)] == []


@pytest.mark.parametrize(("file", "name"), sorted({(file, name) for *_, file, name in THREATS}))
def test_the_test_of_a_threat_exists(file: str, name: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    pattern = rf"^(?:async )?def {re.escape(name)}\(" if file.endswith(".py") else re.escape(name)

    assert re.search(pattern, source, re.MULTILINE), f"{file} has no test {name}"
