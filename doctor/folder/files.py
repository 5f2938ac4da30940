"""What the files of an app's folder say: its settings, JSON files, and the runtime that infra/ asks for.

The JSON files may have comments and trailing commas, as they may for the Functions host.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SETTINGS_FILE = "local.settings.json"
SETTINGS_EXAMPLE = "local.settings.json.example"
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_RUNTIME = re.compile(r"pythonVersion\b.*'(3\.\d+)'")


class UnreadableFile(Exception):
    """A file cannot be used; the text names it and says why, without its content."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings that the app gets on this machine.

    `values` are those of the file and of the environment, which wins; `own` are the names that were set for the app:
    all of the file, and those of the environment that the app reads. `file` is the name of the file, "" without one.
    """

    values: Mapping[str, str]
    own: frozenset[str]
    file: str = ""


def read_json(path: Path) -> dict[str, object]:
    """Return the object in a JSON file. Raises UnreadableFile when there is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UnreadableFile(f"{path.name} cannot be read: {type(problem).__name__}") from problem
    plain = _COMMENT.sub(lambda found: found[1] or " ", text)
    plain = _TRAILING_COMMA.sub(lambda found: found[1] or " ", plain)
    try:
        content = json.loads(plain)
    except ValueError as problem:
        line = getattr(problem, "lineno", 0)
        raise UnreadableFile(f"{path.name} is no JSON: see line {line}") from problem
    if not isinstance(content, dict):
        raise UnreadableFile(f"{path.name} must hold a JSON object, not a {type(content).__name__}")
    return content


def read_app_settings(folder: Path, environment: Mapping[str, str], variables: Path | None = None) -> AppSettings:
    """Return the settings by the rules of the Functions host on this machine.

    A file of `variables` is taken in place of local.settings.json, and wins over the environment. Raises UnreadableFile
    for it, and for a settings file that the host refuses: encrypted, no JSON, or values that are not flat.
    """
    if variables:
        given = read_variables(variables)
        names_given = frozenset(name for name, value in given.items() if value)
        return AppSettings({**environment, **given}, names_given, variables.name)
    names = [name for name in (SETTINGS_FILE, SETTINGS_EXAMPLE) if (folder / name).is_file()]
    values = _values(read_json(folder / names[0]), names[0]) if names else {}
    set_outside = {name: value for name, value in environment.items() if value}
    own = set(values) | {name for name in set_outside if is_app_setting(name)}
    return AppSettings({**values, **set_outside}, frozenset(own), names[0] if names else "")


def read_variables(path: Path) -> dict[str, str]:
    """Return the variables of a file with lines `NAME=value`, quoted as for a shell. Raises UnreadableFile."""
    try:
        words = [shlex.split(line, comments=True) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as problem:
        raise UnreadableFile(f"{path.name} cannot be read: {type(problem).__name__}") from problem
    if any(len(line) > 1 or "=" not in line[0] for line in words if line):
        raise UnreadableFile(f"{path.name} has a line that is not NAME=value")
    return dict(line[0].split("=", 1) for line in words if line)


def is_app_setting(name: str) -> bool:
    """Return whether a variable's name looks like a setting of the chat or of its host."""
    return name.startswith(("Chat", "WebPubSub", "AzureWebJobsStorage"))


def _values(document: Mapping[str, object], name: str) -> dict[str, str]:
    if document.get("IsEncrypted", True) is not False:
        raise UnreadableFile(f'{name}: "IsEncrypted" is not false, so its values are taken for encrypted ones')
    values = document.get("Values") or {}
    if not isinstance(values, dict):
        raise UnreadableFile(f"{name}: Values must be an object, not a {type(values).__name__}")
    nested = [key for key, value in values.items() if isinstance(value, dict | list)]
    if nested:
        raise UnreadableFile(f"{name}: {nested[0]} must be a text: settings are flat")
    return {key: str(value) for key, value in values.items() if value is not None}


def known_settings(folder: Path) -> frozenset[str]:
    """Return the names of the settings that the app's own sources read."""
    sources = "".join(file.read_text(encoding="utf-8") for file in sorted((folder / "chat").rglob("*.py")))
    return frozenset(re.findall(r'"(Chat[A-Z]\w+|WebPubSub(?:\w*ConnectionString|Hub))"', sources))


def read_requirements_file(folder: Path) -> str:
    """Return the text of requirements.txt; "" without one, which `package.files` reports."""
    file = folder / "requirements.txt"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def configured_runtime(folder: Path) -> str:
    """Return the version of Python that the infrastructure asks for (`3.12`); "" when nothing says it."""
    for file in sorted((folder / "infra").glob("*.bicep*")):
        if found := _RUNTIME.search(file.read_text(encoding="utf-8")):
            return found[1]
    return ""
