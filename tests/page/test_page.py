"""The page's modules under Node.js' own test runner, and what holds for its files."""

import json
import re
import struct
import subprocess
from pathlib import Path

from tests.system_parts import node_path

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"


def test_the_modules_of_the_page_hold_under_node() -> None:
    """All files run in one process: one for each file takes three times as much CPU time."""
    files = sorted(file for file in HERE.rglob("*.test.js") if "node_modules" not in file.parts)
    imports = "".join(f"import {json.dumps(file.as_uri())};" for file in files)
    command = [node_path(), "--experimental-detect-module", "--no-warnings", "--test-force-exit"]
    command += ["--test-reporter=tap", "--input-type=module", "--eval", imports]

    ran = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=60)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)
    assert passed, ran.stdout
    assert int(passed[1]) > len(files) > 30


def test_every_exported_function_and_class_is_described() -> None:
    exported = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
    sources = {file: file.read_text() for file in STATIC.rglob("*.js")}

    silent = [
        f"{file.relative_to(STATIC)}: {match[1]}"
        for file, source in sources.items()
        for match in exported.finditer(source)
        if not source[: match.start()].endswith("*/\n")
    ]

    assert len(sources) > 10
    assert silent == []


def test_the_page_has_no_markup_from_strings_and_no_inline_script_or_style() -> None:
    scripts = "".join(file.read_text() for file in STATIC.rglob("*.js"))
    html = (STATIC / "index.html").read_text()

    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert risky not in scripts
    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script ") == html.count("<script src=") + html.count('<script type="module" src=')


def test_the_committed_pictures_of_the_page_stay_small() -> None:
    pictures = list((HERE.parents[1] / "docs" / "screenshots").iterdir())

    assert 2 <= len(pictures) <= 8
    assert sum(picture.stat().st_size for picture in pictures) < 900_000


def test_the_manifest_names_icons_of_the_sizes_that_they_have() -> None:
    manifest = json.loads((STATIC / "manifest.webmanifest").read_text())
    drawn = [icon for icon in manifest["icons"] if icon["type"] == "image/png"]

    for icon in drawn:
        content = (STATIC / icon["src"]).read_bytes()
        width, height = struct.unpack(">II", content[16:24])  # of the first chunk of a PNG, IHDR
        assert f"{width}x{height}" == icon["sizes"]
        assert len(content) < 10_000
    assert {icon["sizes"] for icon in drawn} == {"192x192", "512x512"}
    assert any(icon.get("purpose") == "maskable" for icon in drawn)
    html = (STATIC / "index.html").read_text()
    assert 'href="manifest.webmanifest"' in html
    assert (STATIC / "icons" / "apple-touch-180.png").exists()
