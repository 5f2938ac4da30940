"""docs/doctor.md, the catalogue, the code and the sections of troubleshooting say the same."""

import itertools
import re
from pathlib import Path

import pytest

from doctor.__main__ import CONNECTION_VARIABLE, FUNCTION_KEY_VARIABLE, _parser
from doctor.catalogue import CHECKS, NEVER_WRONG
from doctor.symptoms import Symptom

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
SOURCES = "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "doctor").rglob("*.py")))


def test_the_page_has_every_check_with_its_question_and_no_other() -> None:
    assert {check: question for check, question, _ in ROWS} == CHECKS
    assert len(ROWS) == len(CHECKS)


def test_the_page_says_which_checks_are_never_wrong() -> None:
    never = {check for check, _, wrong in ROWS if wrong.startswith("Never:")}
    for before, (check, _, wrong) in itertools.pairwise(ROWS):
        never |= {check} if wrong == "The same" and before[0] in never else set()

    assert never == NEVER_WRONG


def test_every_check_that_the_code_reports_is_in_the_catalogue() -> None:
    groups = "|".join({check.partition(".")[0] for check in CHECKS})
    named = set(re.findall(rf'"((?:{groups})\.[a-z_]+)"', SOURCES))
    named |= {f"round_trip.{hop}" for hop in re.findall(r'(?:note|stopping_at)\("(\w+)"', SOURCES)}

    assert named - {"host.json"} == CHECKS.keys()


def test_the_page_has_every_option_of_the_command() -> None:
    options = {text for action in _parser()._actions for text in action.option_strings if text.startswith("--")}
    words = set(re.findall(r"--[a-z][a-z-]+", PAGE))

    assert options - words == {"--help", "--app"}
    assert words - options == {"--identity", "--tls"}  # of `run`
    assert {FUNCTION_KEY_VARIABLE, CONNECTION_VARIABLE} <= set(re.findall(r"\w+", PAGE))


def test_the_page_has_every_exit_code() -> None:
    codes = re.findall(r"^EXIT_OK, EXIT_WRONG, EXIT_USAGE, EXIT_UNKNOWN = (.+)$", SOURCES, re.MULTILINE)[0]

    assert re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE) == codes.split(", ")


def test_every_symptom_is_named_by_a_finding() -> None:
    """A section that no check leads to is for people alone; these are."""
    named = set(re.findall(r"Symptom\.([A-Z_0-9]+)", SOURCES))

    assert {symptom.name for symptom in Symptom} - named == {"MESSAGES_MISSING"}


TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def test_every_symptom_is_a_section_of_troubleshooting() -> None:
    headings = re.findall(r"^## (.+)$", TROUBLESHOOTING, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}

    assert set(Symptom) - anchors == set()


DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_check_that_a_document_names_exists(document: Path) -> None:
    groups = "|".join({check.partition(".")[0] for check in CHECKS})

    named = set(re.findall(rf"`((?:{groups})\.[a-z_]+)`", document.read_text(encoding="utf-8")))

    assert {name for name in named - CHECKS.keys() if not name.endswith(".py")} == set()
