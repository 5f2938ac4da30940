"""Checks of what is published: the range of the extension bundle, and what .funcignore leaves."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from doctor.findings import Finding, Verdict
from doctor.symptoms import Symptom

BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"
WANTED_RANGE = "[4.*, 5.0.0)"
NEEDED = ("function_app.py", "host.json", "requirements.txt", "chat/settings.py", "static/index.html")
PRIVATE = ("local.settings.json", ".local/keys.json", ".venv/pyvenv.cfg", ".git/config", ".env")
"""Files with secrets or of this machine alone; asked for whether they are there or not."""
_RANGE = re.compile(r"\s*([\[(])\s*(\d+)(?:\.[\d*]+)*\s*,\s*(\d+)(?:\.[\d*]+)*\s*([\])])\s*")


def check_bundle(host: Mapping[str, object]) -> Finding:
    """Say whether host.json asks for version 4 of the extension bundle, which Durable Functions need."""
    bundle = host.get("extensionBundle")
    bundle = bundle if isinstance(bundle, dict) else {}
    given, text = bundle.get("id"), str(bundle.get("version", ""))
    if given == BUNDLE and _is_version_4(text):
        return Finding("bundle.range", Verdict.OK, f"host.json asks for the extension bundle {text}")
    seen = f"host.json asks for the extension bundle {text or 'of no version'}"
    if given != BUNDLE:
        seen = f"host.json asks for {'no extension bundle' if not given else 'an extension bundle of another id'}"
    return Finding("bundle.range", Verdict.WRONG, seen, f'set "{BUNDLE}" to "{WANTED_RANGE}"', Symptom.VERSIONS)


def unreadable_host(problem: str) -> Finding:
    """Return the finding for a host.json that the host cannot read either."""
    return Finding("bundle.range", Verdict.WRONG, problem, "correct host.json", Symptom.VERSIONS)


def _is_version_4(text: str) -> bool:
    found = _RANGE.fullmatch(text)
    if not found:
        return False
    low, high, includes_high = int(found[2]), int(found[3]), found[4] == "]"
    return low == 4 and (high == 4 or (high == 5 and not includes_high))


def check_package(folder: Path) -> Finding:
    """Say whether what `func azure functionapp publish` sends has all that the app needs, and nothing private."""
    check = "package.files"
    file = folder / ".funcignore"
    patterns = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    absent = [name for name in NEEDED if not (folder / name).exists()]
    if absent:
        seen = f"the folder lacks {', '.join(absent)}"
        return Finding(check, Verdict.WRONG, seen, "take the file back from the repository", Symptom.NO_FUNCTIONS)
    left_out = [path for path in app_files(folder) if is_ignored(path, patterns)]
    if left_out:
        seen = f".funcignore leaves out {len(left_out)} files that the app needs: {', '.join(left_out[:3])}"
        return Finding(check, Verdict.WRONG, seen, "narrow the pattern in .funcignore", Symptom.NO_FUNCTIONS)
    private = [name for name in PRIVATE if not is_ignored(name, patterns)]
    if private:
        seen = f".funcignore would let {', '.join(private)} be published"
        return Finding(check, Verdict.WRONG, seen, "add the names to .funcignore", Symptom.NO_FUNCTIONS)
    return Finding(check, Verdict.OK, "what .funcignore leaves is the app, and nothing private")


def app_files(folder: Path) -> Iterator[str]:
    """Yield the files that the app needs, as paths with slashes."""
    yield from (name for name in NEEDED if "/" not in name)
    for part in ("chat", "static"):
        files = (file for file in sorted((folder / part).rglob("*")) if file.is_file())
        yield from (file.relative_to(folder).as_posix() for file in files if "__pycache__" not in file.parts)


def is_ignored(path: str, patterns: Sequence[str]) -> bool:
    """Return whether patterns in gitignore syntax leave a path out; the last one that matches decides.

    A path in a folder that is left out is left out too.
    """
    parts = PurePosixPath(path).parts
    for end in range(1, len(parts) + 1):
        ignored = False
        for pattern in patterns:
            text = pattern.strip()
            if not text or text.startswith("#"):
                continue
            if _matches(text.removeprefix("!"), "/".join(parts[:end]), is_folder=end < len(parts)):
                ignored = not text.startswith("!")
        if ignored:
            return True
    return False


def _matches(pattern: str, path: str, *, is_folder: bool) -> bool:
    if pattern.endswith("/") and not is_folder:
        return False
    pattern = pattern.rstrip("/")
    if "/" not in pattern:
        return fnmatchcase(path.rpartition("/")[2], pattern)
    return re.fullmatch(_expression(pattern.lstrip("/")), path) is not None


def _expression(pattern: str) -> str:
    """Return a regular expression for a pattern with slashes: `*` stays in a folder, `**` does not."""
    special = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(/\*\*/|\*\*/|/\*\*|\*\*|\*|\?)", pattern)
    return "".join(special.get(piece, re.escape(piece)) for piece in pieces)
