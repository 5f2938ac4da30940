"""The ledger: every numbered behaviour is named in a test, or the emulator's README says why it is not tested.

W-001 … W-200 are the Web PubSub service's behaviours, H-001 … H-080 the Functions host's, D-001 … D-066 those of
Durable Functions. A test names one in its function's name (`test_w031_…`) or in any text (`W-031`, `W-031..W-033`).
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "local_azure" / "README.md"
LEDGER = {"W": 200, "H": 80, "D": 66}
RANGE = r"(?:\.\.\.?|…|-|\u2013)"


def numbers_in(text: str, letter: str) -> set[int]:
    """Return the numbers of one letter that a text names: `W-031`, `w031`, and ranges such as `W-031..W-033`."""
    found = {int(number) for number in re.findall(rf"(?<![A-Za-z0-9]){letter}-(\d{{3}})(?!\d)", text)}
    names = " ".join(re.findall(r"\bdef (test_\w+)", text))
    found |= {int(number) for number in re.findall(rf"_{letter.lower()}_?(\d{{3}})(?!\d)", names)}
    ranges = re.findall(rf"\b{letter}-(\d{{3}})\s*{RANGE}\s*(?:{letter}-)?(\d{{3}})(?!\d)", text)
    for first, last in ranges:
        found |= set(range(int(first), int(last) + 1))
    return found


def named_in_tests(letter: str) -> set[int]:
    """Return the numbers that test files name."""
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tests/**/*.mjs")]
    ours = [file for file in files if "node_modules" not in file.parts and file != Path(__file__).resolve()]
    return set[int]().union(*(numbers_in(file.read_text(encoding="utf-8"), letter) for file in ours))


def explained(letter: str) -> set[int]:
    """Return the numbers in the README's table "Not tested, and why"; a row without a reason does not count."""
    table = README.read_text(encoding="utf-8").partition("## Not tested, and why")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| *({letter}-[^|]*)\|([^|]*)\|", table, re.MULTILINE)
    return set[int]().union(*(numbers_in(names, letter) for names, reason in rows if len(reason.split()) > 3))


@pytest.mark.parametrize(("letter", "last"), LEDGER.items())
def test_every_behaviour_is_tested_or_its_absence_is_explained(letter: str, last: int) -> None:
    missing = set(range(1, last + 1)) - named_in_tests(letter) - explained(letter)

    assert not missing, "neither tested nor explained: " + ", ".join(f"{letter}-{n:03}" for n in sorted(missing))


@pytest.mark.parametrize("letter", LEDGER)
def test_nothing_that_is_tested_is_listed_as_untested(letter: str) -> None:
    assert named_in_tests(letter) & explained(letter) == set()


def test_the_ledger_reads_the_forms_that_tests_use() -> None:
    text = "async def test_w031_and_w_050_hold() W-032 W-034..W-036 W-040\u2013042 abcd_w060 D-12 FLOW-033 W-0999"

    assert numbers_in(text, "W") == {31, 32, 34, 35, 36, 40, 41, 42, 50}
