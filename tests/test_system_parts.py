"""A test whose machine lacks something is skipped, and never where CI=true."""

import re
from pathlib import Path

import pytest

from tests.system_parts import needs, node_path

TESTS = Path(__file__).parent


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_node_a_test_is_skipped_and_fails_where_ci_is_true(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match=r"missing on this machine: Node\.js"):
        node_path()


@pytest.mark.parametrize(("ci", "is_there", "skips"), [("true", False, False), ("", False, True), ("", True, False)])
def test_a_test_that_needs_a_part_is_never_skipped_where_ci_is_true(
    monkeypatch: pytest.MonkeyPatch, ci: str, is_there: bool, skips: bool
) -> None:
    monkeypatch.setenv("CI", ci)

    mark = needs("a part", is_there=is_there)

    assert (mark.args, mark.kwargs["reason"]) == ((skips,), "missing on this machine: a part")


def test_no_other_test_skips_by_itself_or_is_expected_to_fail() -> None:
    own = {Path(__file__), TESTS / "system_parts.py", TESTS / "test_dev.py"}  # test_dev.py writes such a test
    sources = {
        path: path.read_text() for path in TESTS.rglob("*.py") if path not in own and "node_modules" not in path.parts
    }
    pattern = re.compile(r"pytest\.(skip|xfail|importorskip)\(|mark\.(skip|skipif|xfail)\b")

    assert [str(path) for path, text in sources.items() if pattern.search(text)] == []
