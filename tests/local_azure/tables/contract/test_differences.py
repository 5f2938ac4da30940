"""Every difference from Azurite that a test shows has its row in docs/azurite-differences.md, and vice versa."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = ROOT / "docs" / "azurite-differences.md"


def test_every_difference_that_a_test_shows_is_listed_and_no_other() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("test_*.py")))
    shown = set(re.findall(r'^@differs_from_azurite\(\s*"([^"]*)"\s*\)', sources, re.MULTILINE))

    rows = re.findall(r"^\| ([^*|-][^|]*) \| [^|]+ \| [^|]+ \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(shown) > 30
    assert set(rows) - {"Azurite"} == shown
