"""Rules of the repository: imports go one way, only the app is deployed, and what documents name exists."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pathspec import PathSpec

ROOT = Path(__file__).resolve().parents[1]
DEPLOYED = {"function_app.py", "host.json", "requirements.txt", "chat", "static"}


def tracked_files() -> list[str]:
    """Return the repository's files as git knows them, new ones included."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [file for file in files if (ROOT / file).exists()]


def imports_of(file: Path) -> Iterator[str]:
    """Yield the first part of every absolute import in a file, wherever it stands in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("chat", {"local_azure", "tests", "bench", "dev", "doctor", "cost"}),
        ("function_app.py", {"local_azure", "tests", "bench", "dev", "doctor", "cost"}),
        ("local_azure", {"chat", "function_app", "tests", "bench", "dev", "doctor", "cost"}),
        ("doctor", {"local_azure", "function_app", "tests", "bench", "dev"}),
        ("cost", {"chat", "function_app", "tests", "bench", "dev", "doctor"}),
    ],
)
def test_a_part_never_imports_what_it_must_not_know(part: str, forbidden: set[str]) -> None:
    files = [ROOT / file for file in tracked_files() if file.endswith(".py") and file.split("/")[0] == part]

    wrong = {f"{file.relative_to(ROOT)}: {name}" for file in files for name in imports_of(file) if name in forbidden}

    assert files
    assert not wrong


def test_the_estimate_of_costs_knows_of_local_azure_only_its_meter() -> None:
    """Prices and the rules of Web PubSub's bill are there, with the standard library alone."""
    sources = "".join((ROOT / file).read_text() for file in tracked_files() if re.match(r"cost/.*\.py$", file))

    assert set(re.findall(r"local_azure\.(\w+)", sources)) == {"meter"}
    files = [ROOT / file for file in tracked_files() if re.match(r"local_azure/meter/.*\.py$", file)]
    assert {name for file in files for name in imports_of(file)} <= sys.stdlib_module_names | {"local_azure"}


def test_what_is_published_is_the_app_and_nothing_else() -> None:
    """`func azure functionapp publish` sends what .funcignore (gitignore syntax) leaves."""
    ignored = PathSpec.from_lines("gitignore", (ROOT / ".funcignore").read_text().splitlines())

    published = {file.split("/")[0] for file in tracked_files() if not ignored.match_file(file)}

    assert published == DEPLOYED


DOCUMENTS = [file for file in tracked_files() if file.endswith(".md") or file == "llms.txt"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_into_the_repository_leads_somewhere(document: str) -> None:
    page = ROOT / document
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def anchors_of(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page: small letters, no punctuation, hyphens for spaces."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    seen: dict[str, int] = {}
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        seen.setdefault(f"{slug}-{seen[slug]}" if seen[slug] else slug, 0)
    return set(seen)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_anchor_of_a_link_is_a_heading(document: str) -> None:
    page = ROOT / document
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    targets = [((page.parent / path) if path else page, anchor) for path, anchor in links]

    assert [anchor for path, anchor in targets if path.suffix == ".md" and anchor not in anchors_of(path)] == []


@pytest.mark.parametrize("index", ["README.md", "llms.txt"])
def test_every_page_of_the_documents_is_in_both_lists_of_them(index: str) -> None:
    pages = {page for page in DOCUMENTS if page.startswith("docs/")}
    linked = set(re.findall(r"\]\((docs/[^)#]+)", (ROOT / index).read_text(encoding="utf-8")))

    assert pages
    assert pages - linked == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    """A path is text in backquotes that begins with a folder of the repository."""
    text = re.sub(r"^ *```.*?^ *```", "", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    paths = re.findall(r"`((?:chat|static|local_azure|tests|bench|docs|doctor|cost|infra)/[\w./-]*)`", text)

    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_funcignore_names_exists() -> None:
    """A name that leads nowhere is a file that was renamed, and is then published."""
    made_by_people = {"/local.settings.json", "/screenshots/"}
    patterns = [line for line in (ROOT / ".funcignore").read_text().splitlines() if line.startswith("/")]

    assert [path for path in patterns if path not in made_by_people and not (ROOT / path[1:]).exists()] == []


def test_every_command_that_documents_give_to_dev_py_exists() -> None:
    documents = "".join((ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"python3 dev\.py (\w+)", documents))
    known = set(re.findall(r'commands\.add_parser\(\s*"(\w+)"', (ROOT / "dev.py").read_text()))

    assert {"run", "test", "check"} <= named <= known


def test_every_setting_that_the_backend_reads_has_its_row_in_the_readme() -> None:
    sources = "".join((ROOT / file).read_text() for file in tracked_files() if re.match(r"chat/.*\.py$", file))
    settings = set(re.findall(r'"(Chat[A-Z]\w+|WebPubSub(?:\w*ConnectionString|Hub))"', sources))

    readme = (ROOT / "README.md").read_text()

    assert settings
    assert [name for name in sorted(settings) if f"`{name}`" not in readme] == []
