"""Versions are compared as pip compares them, as far as requirements.txt uses it."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement as PipRequirement
from packaging.version import Version

from doctor.findings import Verdict
from doctor.folder.files import configured_runtime
from doctor.folder.versions import (
    PACKAGES_FOLDER,
    check_libraries,
    check_local_python,
    check_packages,
    check_python,
    is_allowed,
    read_requirements,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("text", [">=1.26,<2", "==1.26.0", "~=1.26", "~=1.26.1", "!=1.27", ">1.26", "<=2", ""])
@pytest.mark.parametrize("version", ["1.25.9", "1.26", "1.26.0", "1.26.1", "1.27", "1.27.3", "2.0", "2.0.1", "10.0"])
def test_a_version_is_allowed_where_pip_allows_it(text: str, version: str) -> None:
    (requirement,) = read_requirements(f"package{text}", "3.12")

    assert is_allowed(version, requirement) == (Version(version) in PipRequirement(f"package{text}").specifier)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_requirements_of_this_repository_are_read_as_pip_reads_them(python: str) -> None:
    text = (ROOT / "requirements.txt").read_text()
    lines = [PipRequirement(line) for line in text.splitlines() if line and not line.startswith("#")]
    wanted = [line for line in lines if not line.marker or line.marker.evaluate({"python_version": python})]

    found = list(read_requirements(text, python))

    assert [requirement.name for requirement in found] == [line.name for line in wanted]
    for requirement, line in zip(found, wanted, strict=True):
        assert {operator + number for operator, number in requirement.clauses} == set(map(str, line.specifier))


def test_libraries_are_matched_however_their_names_are_written() -> None:
    finding = check_libraries(
        "PyJWT[crypto]>=2.11\nazure-functions>=1.26\n",
        "3.12.4",
        {"pyjwt": "2.12", "azure_functions": "1.26.0"},
        "of the app",
    )

    assert (finding.verdict, finding.seen) == (Verdict.OK, "2 libraries of the app are what requirements.txt asks for")


def test_without_versions_nothing_can_be_told() -> None:
    assert check_libraries("aiohttp>=3\n", "", {}, "of the app").verdict is Verdict.UNKNOWN
    assert check_python("", "3.12", "runs the app").verdict is Verdict.UNKNOWN


def test_another_python_than_the_deployed_one_is_a_note_on_this_machine() -> None:
    finding = check_local_python("3.99")

    assert finding.verdict is Verdict.OK
    assert "3.99" in finding.fix
    assert check_local_python("").fix == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param pythonVersion string = '3.12'", "3.12"),
        ("param pythonVersion = readEnvironmentVariable('CHAT_PYTHON', '3.13')", "3.13"),
        ("param location string = '3.12'", ""),
    ],
)
def test_the_runtime_is_what_the_infrastructure_asks_for(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.bicep").write_text(text)

    assert configured_runtime(tmp_path) == expected


def test_packages_of_the_runtimes_python_are_right_and_pure_ones_are_not_asked_about(tmp_path: Path) -> None:
    folder = tmp_path / PACKAGES_FOLDER
    folder.mkdir(parents=True)
    (folder / "pure.py").write_text("")
    assert check_packages(tmp_path, "3.12") is None

    (folder / "part.cpython-312-x86_64-linux-gnu.so").write_bytes(b"")
    finding = check_packages(tmp_path, "3.12")
    assert finding is not None
    assert finding.verdict is Verdict.OK
