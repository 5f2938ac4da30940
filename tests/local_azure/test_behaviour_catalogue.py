"""Every numbered behaviour of the platform has its row in docs/behaviours.md, and a test or a reason for having none.

W-001 … W-295 are the behaviours of the Web PubSub service, H-001 … H-110 those of the Functions host, D-001 … D-086
those of Durable Functions and of table bindings, T-001 … T-095 those of Table storage. A test names one in its
function's name (`test_w031_…`) or in any text (`W-031`, `W-031..W-033`). The reasons are in local_azure/README.md.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "docs" / "behaviours.md"
README = ROOT / "local_azure" / "README.md"
NUMBERS = {
    "W": range(1, 296),
    "H": range(1, 111),
    "D": range(1, 87),
    "T": range(1, 96),
}
RANGE = r"(?:\.\.\.?|…|-|\u2013)"
SEARCHED_FOLDERS = ("chat", "local_azure", "tests", "docs")
SEARCHED_SUFFIXES = {".css", ".html", ".js", ".md", ".mjs", ".py"}


def numbers_in(text: str, letter: str) -> set[int]:
    """Return the numbers of one letter that a text names: `W-031`, `w031`, and ranges such as `W-031..W-033`."""
    found = {int(number) for number in re.findall(rf"(?<![A-Za-z0-9]){letter}-(\d{{3}})(?!\d)", text)}
    names = " ".join(re.findall(r"\bdef (test_\w+)", text))
    found |= {int(number) for number in re.findall(rf"_{letter.lower()}_?(\d{{3}})(?!\d)", names)}
    ranges = re.findall(rf"\b{letter}-(\d{{3}})\s*{RANGE}\s*(?:{letter}-)?(\d{{3}})(?!\d)", text)
    for first, last in ranges:
        found |= set(range(int(first), int(last) + 1))
    return found


def codes_in(text: str) -> set[str]:
    """Return every code that a text names, such as `W-031`; one with too few or too many digits as it is written."""
    written = set(re.findall(r"(?<![A-Za-z0-9])[WHDT]-\d+(?!\w)", text))
    return written | {f"{letter}-{n:03}" for letter in NUMBERS for n in numbers_in(text, letter)}


def rows_of_the_catalogue() -> list[str]:
    """Return the code of each row of the catalogue, in their order; a row without a sentence does not count."""
    rows = re.findall(r"^\| ([WHDT]-\d+) \| (.+) \|$", CATALOGUE.read_text(encoding="utf-8"), re.MULTILINE)
    return [code for code, sentence in rows if len(sentence.split()) > 3]


@cache
def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, without this one and what npm installed."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "node_modules"]
        yield from (file for name in names if (file := Path(place, name)) != Path(__file__).resolve())


def files_that_may_name_codes() -> list[Path]:
    """Return the text files of the backend, the local platform, the tests and the documents, without this one."""
    files = (file for folder in SEARCHED_FOLDERS for file in files_in(ROOT / folder))
    return [file for file in files if file.suffix in SEARCHED_SUFFIXES]


@cache
def named_in_tests(letter: str) -> set[int]:
    """Return the numbers that test files name."""
    files = [file for file in files_in(ROOT / "tests") if file.suffix in {".py", ".mjs"}]
    return set[int]().union(*(numbers_in(text_of(file), letter) for file in files))


def explained(letter: str) -> set[int]:
    """Return the numbers in the README's table "Not tested, and why"; a row without a reason does not count."""
    table = README.read_text(encoding="utf-8").partition("## Not tested, and why")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| *({letter}-[^|]*)\|([^|]*)\|", table, re.MULTILINE)
    return set[int]().union(*(numbers_in(names, letter) for names, reason in rows if len(reason.split()) > 3))


@pytest.mark.parametrize("letter", NUMBERS)
def test_every_behaviour_is_tested_or_its_absence_is_explained(letter: str) -> None:
    missing = set(NUMBERS[letter]) - named_in_tests(letter) - explained(letter)

    assert not missing, "neither tested nor explained: " + ", ".join(f"{letter}-{n:03}" for n in sorted(missing))


@pytest.mark.parametrize("letter", NUMBERS)
def test_nothing_that_is_tested_is_listed_as_untested(letter: str) -> None:
    assert named_in_tests(letter) & explained(letter) == set()


def test_every_number_has_exactly_one_row_in_the_catalogue() -> None:
    expected = [f"{letter}-{number:03}" for letter, numbers in NUMBERS.items() for number in numbers]

    assert sorted(rows_of_the_catalogue()) == sorted(expected)


def test_every_code_that_is_named_anywhere_has_its_row_in_the_catalogue() -> None:
    known = set(rows_of_the_catalogue())

    codes = {file: codes_in(text_of(file)) for file in files_that_may_name_codes()}
    unknown = {str(file.relative_to(ROOT)): named - known for file, named in codes.items() if named - known}

    assert {file.relative_to(ROOT).parts[0] for file in codes} == set(SEARCHED_FOLDERS)
    assert unknown == {}


def test_numbers_are_read_in_every_form_that_tests_use() -> None:
    text = "async def test_w031_and_w_050_hold() W-032 W-034..W-036 W-040\u2013042 abcd_w060 D-12 FLOW-033 W-0999"

    assert numbers_in(text, "W") == {31, 32, 34, 35, 36, 40, 41, 42, 50}
    assert codes_in(text) == {f"W-0{n}" for n in (31, 32, 34, 35, 36, 40, 41, 42, 50)} | {"D-12", "W-0999"}
