"""Checks of versions: Python and the libraries, here and as deployed, against what the folder asks for."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from doctor.findings import Finding, Verdict
from doctor.symptoms import Symptom

OLDEST_PYTHON = (3, 11)
PACKAGES_FOLDER = Path(".python_packages/lib/site-packages")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*([^;#]*)(?:;([^#]*))?")
_CLAUSE = re.compile(r"(<=|>=|==|!=|~=|<|>)\s*([\d.]+)")
_MARKER = re.compile(r"python_version\s*(<=|>=|==|!=|<|>)\s*[\"']([\d.]+)[\"']")
_ABI = re.compile(r"\.cpython-3(\d+)-|\.cp3(\d+)-")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A line of requirements.txt: the package, and the versions that it allows as pairs of operator and version."""

    name: str
    clauses: tuple[tuple[str, str], ...]


def read_requirements(text: str, python: str) -> Iterator[Requirement]:
    """Yield the requirements that hold for a version of Python (`3.12`)."""
    for line in text.splitlines():
        found = _REQUIREMENT.match(line.strip())
        if not found or line.strip().startswith(("#", "-")):
            continue
        marker = _MARKER.search(found[3] or "")
        if marker and not _compare(python, marker[1], marker[2]):
            continue
        yield Requirement(found[1], tuple(_CLAUSE.findall(found[2])))


def is_allowed(installed: str, requirement: Requirement) -> bool:
    """Return whether a version meets a requirement; what follows the numbers (`rc1`, `+local`) does not count."""
    return all(_compare(installed, operator, wanted) for operator, wanted in requirement.clauses)


def _compare(left: str, operator: str, right: str) -> bool:
    ours, theirs = _numbers(left), _numbers(right)
    if operator == "~=":
        return ours >= theirs and ours[: len(theirs) - 1] == theirs[:-1]
    width = max(len(ours), len(theirs))
    a, b = (numbers + (0,) * (width - len(numbers)) for numbers in (ours, theirs))
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b}[operator]


def _numbers(text: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else (0,)


def minor_of(python: str) -> str:
    """Return `3.12` of `3.12.4`."""
    return ".".join(python.split(".")[:2])


def check_python(running: str, configured: str, where: str) -> Finding:
    """Say whether the Python that runs the app is new enough, and the one that the infrastructure asks for.

    `running` is "" when nobody tells it, `configured` when nothing asks for one; `where` says whose Python it is.
    """
    check, minor = "python.version", minor_of(running)
    if not running:
        seen = "the app tells its version of Python only to who has the function key"
        return Finding(check, Verdict.UNKNOWN, seen, "give the function key", Symptom.VERSIONS)
    if not _compare(minor, ">=", ".".join(map(str, OLDEST_PYTHON))):
        seen = f"Python {running} {where}, the chat needs 3.11 or newer"
        return Finding(check, Verdict.WRONG, seen, "use a newer Python", Symptom.VERSIONS)
    if configured and minor != configured:
        seen = f"Python {running} {where}, infra/ asks for {configured}"
        fix = "deploy again, or set the runtime's version in infra/ (python3 dev.py run works with either)"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.VERSIONS)
    return Finding(check, Verdict.OK, f"Python {running} {where}")


def running_python() -> str:
    """Return the version of the Python that runs this (`3.12.4`)."""
    return ".".join(map(str, sys.version_info[:3]))


def check_local_python(configured: str) -> Finding:
    """Say whether this machine's Python is new enough; another minor version than the deployed one is a note."""
    running = running_python()
    finding = check_python(running, "", "on this machine")
    if finding.verdict is Verdict.OK and configured and minor_of(running) != configured:
        note = f"infra/ deploys to Python {configured}: build packages for that one"
        return Finding("python.version", Verdict.OK, finding.seen, note)
    return finding


def check_libraries(requirements: str, python: str, installed: Mapping[str, str], where: str) -> Finding:
    """Say whether the libraries are those that requirements.txt allows; only the listed ones are compared."""
    by_name = {_normal(name): text for name, text in installed.items()}
    compared, wrong = 0, []
    for requirement in read_requirements(requirements, minor_of(python or running_python())):
        found = by_name.get(_normal(requirement.name))
        if found is None:
            continue
        compared += 1
        if not is_allowed(found, requirement):
            wanted = ",".join(operator + number for operator, number in requirement.clauses)
            wrong.append(f"{requirement.name} {found or 'is missing'} (wanted {wanted or 'any'})")
    if wrong:
        seen = f"not what requirements.txt asks for {where}: {'; '.join(wrong)}"
        return Finding("libraries.versions", Verdict.WRONG, seen, "install it again, or publish", Symptom.VERSIONS)
    if not compared:
        seen = f"no library of requirements.txt is named {where}"
        fix = "give the function key, so that the app tells its versions"
        return Finding("libraries.versions", Verdict.UNKNOWN, seen, fix, Symptom.VERSIONS)
    return Finding("libraries.versions", Verdict.OK, f"{compared} libraries {where} are what requirements.txt asks for")


def installed_libraries(requirements: str, python: str) -> dict[str, str]:
    """Return the version of each required library that this Python has, "" for one that it lacks."""
    versions = {}
    for requirement in read_requirements(requirements, minor_of(python)):
        try:
            versions[requirement.name] = version(requirement.name)
        except PackageNotFoundError:
            versions[requirement.name] = ""
    return versions


def check_packages(folder: Path, configured: str) -> Finding | None:
    """Say whether packages that were built into the folder are for the runtime's Python; None when there are none."""
    files = [file for file in (folder / PACKAGES_FOLDER).rglob("*") if file.suffix in (".so", ".pyd")]
    built = {next(filter(None, found.groups())) for file in files if (found := _ABI.search(file.name))}
    if not built:
        return None
    versions = ", ".join(f"3.{minor}" for minor in sorted(built, key=int))
    runtime = configured or f"3.{sys.version_info.minor}"
    if built != {runtime.removeprefix("3.")}:
        seen = f"{PACKAGES_FOLDER.parts[0]} has compiled parts for Python {versions}, the runtime is {runtime}"
        fix = f"build the packages with Python {runtime}, or delete the folder and let the platform build"
        return Finding("libraries.abi", Verdict.WRONG, seen, fix, Symptom.VERSIONS)
    return Finding("libraries.abi", Verdict.OK, f"{PACKAGES_FOLDER.parts[0]} is built for Python {versions}")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
