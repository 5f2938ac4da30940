"""Checks of the functions: can the app be indexed, and does the running host serve what the app's folder has?"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from doctor.connection import START, is_on_this_machine
from doctor.findings import Finding, Verdict
from doctor.http import NoAnswer, Response, send_request
from doctor.symptoms import Symptom

INDEX_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Index:
    """The functions of an app's folder, or why there are none."""

    names: Sequence[str] = ()
    problem: str = ""


def index_folder(folder: Path, settings: Mapping[str, str]) -> Index:
    """Import the app of a folder in a process of its own, with these settings, and return its functions."""
    command = [sys.executable, "-m", "doctor.folder.function_index", str(folder)]
    environment = {**os.environ, **settings, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=INDEX_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Index(problem=f"the import did not end in {INDEX_SECONDS} s")
    if ran.returncode:
        text = ran.stderr.decode(errors="replace")
        ended = f"the process ended with exit code {ran.returncode}"
        return Index(problem=describe_failure(text, folder) if text.strip() else ended)
    try:
        return Index(json.loads(ran.stdout))
    except ValueError:
        return Index(problem="the app ended the process while it was imported")


def describe_failure(traceback: str, folder: Path) -> str:
    """Return the error at the end of a traceback, which has some text, and the last line of the app's files in it."""
    lines = traceback.strip().splitlines()
    error = next((line for line in reversed(lines) if re.match(r"[\w.]+(Error|Exception|Exit|Warning)\b", line)), "")
    places = re.findall(r'File "([^"]+)", line (\d+)', traceback)
    own = [(Path(file), line) for file, line in places if Path(file).is_relative_to(folder.resolve())]
    where = f" ({own[-1][0].relative_to(folder.resolve()).as_posix()}, line {own[-1][1]})" if own else ""
    return (error or lines[-1]) + where


def check_import(index: Index) -> Finding:
    """Say whether the app's folder can be indexed."""
    if index.problem:
        fix = "correct the error: a host that meets it serves no function at all"
        seen = f"the app cannot be imported: {index.problem}"
        return Finding("functions.imported", Verdict.WRONG, seen, fix, Symptom.NO_FUNCTIONS)
    if not index.names:
        seen = "the app has no function"
        return Finding("functions.imported", Verdict.WRONG, seen, "register the blueprints", Symptom.NO_FUNCTIONS)
    return Finding("functions.imported", Verdict.OK, f"the folder's app has {len(index.names)} functions")


def check_indexed(index: Callable[[], Index], base_url: str, key: str | None, timeout: float) -> Finding:
    """Compare the folder's functions with those that the host at an address lists; in Azure it needs the master key.

    `index` is called, which takes a second, only when there is a list to compare with.
    """
    headers = {"x-functions-key": key} if key else {}
    try:
        answer = send_request("GET", f"{base_url}/admin/functions", headers=headers, timeout=timeout)
    except NoAnswer as problem:
        fix = START if is_on_this_machine(base_url) else "correct the address"
        seen = f"the host was not asked: {base_url}: {problem}"
        return Finding("functions.indexed", Verdict.UNKNOWN, seen, fix, Symptom.NO_FUNCTIONS)
    return judge_list(index, answer)


def judge_list(index: Callable[[], Index], answer: Response) -> Finding:
    """Say whether a host's list of functions is that of the folder."""
    check = "functions.indexed"
    if answer.status in (401, 403):
        fix = "give the app's master key as the function key (az functionapp keys list)"
        seen = f"the host tells its functions to the master key alone ({answer.status})"
        return Finding(check, Verdict.UNKNOWN, seen, fix, Symptom.NO_FUNCTIONS)
    served = served_names(answer.json()) if answer.status == 200 else None
    if served is None:
        seen = f"the host lists no functions: it answers {answer.status} to /admin/functions"
        return Finding(check, Verdict.UNKNOWN, seen, "look at the list in the portal", Symptom.NO_FUNCTIONS)
    folder = index()
    if folder.problem:
        seen = f"the host serves {len(served)} functions, and the folder's app cannot be imported: {folder.problem}"
        return Finding(
            check, Verdict.UNKNOWN, seen, "see functions.imported (python3 dev.py doctor)", Symptom.NO_FUNCTIONS
        )
    ours, theirs = set(folder.names), set(served)
    if ours == theirs:
        return Finding(check, Verdict.OK, f"the host serves the folder's {len(ours)} functions")
    parts = [
        f"{what} {', '.join(sorted(names)[:5])}{' …' if len(names) > 5 else ''}"
        for what, names in (("it lacks", ours - theirs), ("only it has", theirs - ours))
        if names
    ]
    seen = f"the host serves {len(theirs)} functions, the folder has {len(ours)}: {'; '.join(parts)}"
    fix = "publish this folder, or start the chat again; the host's start says why a function is missing"
    return Finding(check, Verdict.WRONG, seen, fix, Symptom.NO_FUNCTIONS)


def served_names(content: object) -> list[str] | None:
    """Return the names in a host's list of functions; None when it is no such list."""
    if not isinstance(content, list) or not all(isinstance(each, dict) and "name" in each for each in content):
        return None
    return [str(each["name"]) for each in content]
