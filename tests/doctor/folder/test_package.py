"""Which paths .funcignore leaves, by the rules of gitignore, and which ranges of the bundle are right."""

from pathlib import Path

import pytest
from pathspec import PathSpec

from doctor.findings import Verdict
from doctor.folder.package import BUNDLE, check_bundle, check_package, is_ignored

ROOT = Path(__file__).resolve().parents[3]
PATTERNS = [
    ".*",
    "__pycache__/",
    "*.pyc",
    "/bench/",
    "/dev.py",
    "docs",
    "static/*.map",
    "/a/**/z",
    "!/keep.txt",
    "/logs/**",
    "x?.txt",
]
PATHS = [
    "chat/settings.py",
    ".git/config",
    "chat/.hidden",
    "chat/__pycache__/a.pyc",
    "chat/a.pyc",
    "bench/a.py",
    "chat/bench/a.py",
    "bench",
    "dev.py",
    "chat/dev.py",
    "docs/a.md",
    "chat/docs/a.md",
    "static/a.map",
    "static/b/a.map",
    "a/z",
    "a/b/c/z",
    "keep.txt",
    "logs/a/b",
    "x1.txt",
    "xx1.txt",
]


@pytest.mark.parametrize("path", PATHS)
def test_patterns_mean_what_they_mean_to_git(path: str) -> None:
    assert is_ignored(path, PATTERNS) == PathSpec.from_lines("gitignore", PATTERNS).match_file(path)


def test_the_last_pattern_that_matches_decides_but_not_against_a_folder() -> None:
    patterns = ["*.json", "!/host.json", "/chat/", "!/chat/settings.py"]

    assert is_ignored("other.json", patterns)
    assert not is_ignored("host.json", patterns)
    assert is_ignored("chat/settings.py", patterns)


def test_the_package_of_this_repository_is_right() -> None:
    assert check_package(ROOT).verdict is Verdict.OK


@pytest.mark.parametrize("version", ["[4.*, 5.0.0)", "[4.0.0,5.0.0)", "[4.26.0, 5.0.0)", "[4.*, 4.30.0]"])
def test_a_range_within_version_4_is_right(version: str) -> None:
    assert check_bundle({"extensionBundle": {"id": BUNDLE, "version": version}}).verdict is Verdict.OK
