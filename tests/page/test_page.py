"""The page's pure parts under node's own test runner, and what the page may weigh."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"
MAX_PAGE_BYTES = 40_000


def test_the_pure_parts_of_the_page_hold_under_node() -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no node on the PATH: install Node.js 20 or newer")
        pytest.skip("no node on the PATH")
    command = [node, "--experimental-detect-module", "--no-warnings", "--test"]

    ran = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=60)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# pass 0" not in ran.stdout


def test_the_page_weighs_less_than_40_kb_without_its_icon() -> None:
    sizes = {file.name: file.stat().st_size for file in STATIC.iterdir() if file.name != "icon.svg"}

    print(f"the page weighs {sum(sizes.values())} bytes")
    assert sum(sizes.values()) < MAX_PAGE_BYTES, sizes


def test_the_page_has_no_markup_from_strings_and_no_inline_script_or_style() -> None:
    scripts = "".join(file.read_text() for file in STATIC.glob("*.js"))
    html = (STATIC / "index.html").read_text()

    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert risky not in scripts
    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script ") == html.count("<script src=") + html.count('<script type="module" src=')


def test_the_committed_pictures_of_the_page_stay_small() -> None:
    pictures = list((HERE.parents[1] / "docs" / "screenshots").iterdir())

    assert len(pictures) == 2
    assert sum(picture.stat().st_size for picture in pictures) < 300_000
