"""Every command in the documents is run here, or its block says in its first line what it needs that a test has not.

Commands stand in blocks with the info string `sh`. A block that begins with `# Needs Azure CLI` (or another part of
`NEEDED_BY`) is not run. A `text` block right behind commands is what they print; `…` in it stands for anything.
A Python program whose first line is `# name.py` is kept under that name for the commands behind it.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement

import bench.__main__ as benchmarks
import dev
from local_azure.tables import DEVELOPMENT_KEY
from tests.system_parts import miss

ROOT = Path(dev.__file__).parent
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "local_azure").glob("*.md"))
)
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)

# What a block may hold, by its info string. Commands are `sh`, and nothing else.
LANGUAGES = {"bicep", "css", "faults", "html", "http", "ini", "js", "json", "kusto", "python", "sh", "text", "yaml"}

# What a test has not, by the program that comes with it.
NEEDED_BY = {
    "az": "Azure CLI",
    "azd": "Azure Developer CLI",
    "azurite": "Azurite",
    "docker": "Docker",
    "func": "Core Tools",
    "gh": "GitHub CLI",
    "uv": "uv",
}
# Has no program of its own: its address is in the block.
DEPLOYED_CHAT = "a deployed chat"
DEPLOYED_ADDRESS = ".azurewebsites.net"

# Commands of dev.py whose arguments are only parsed, with the reason.
ONLY_PARSED = {
    "test": "it would run this suite within itself",
    "check": "it takes a minute; CI runs it beside the tests",
    "bench": "it measures for minutes; tests/bench runs the measurements with small numbers",
    "screenshots": "it drives a browser for a minute; tests/e2e looks at the same pages",
}
FURTHER_PORTS = ["--webpubsub-port", "0", "--tables-port", "0", "--authority-port", "0"]
SERVER_SECONDS = 30
COMMAND_SECONDS = 60
READY = re.compile(r"listens on|^Ready after")
ADDRESS = re.compile(r"(localhost|127\.0\.0\.1):\d+")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document; `shown` is the text block right behind it, "" where there is none."""

    document: str
    line: int
    language: str
    text: str
    shown: str

    @property
    def needs(self) -> str:
        """What the block says that it needs; "" for a block that is run here."""
        first = self.text.partition("\n")[0]
        return first.removeprefix("# Needs ") if first.startswith("# Needs ") else ""

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(document: str) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    source = (ROOT / document).read_text(encoding="utf-8")
    fences = list(FENCE.finditer(source))
    blocks = []
    for fence, following in zip_longest(fences, fences[1:]):
        is_shown = following and following["language"] == "text" and not source[fence.end() : following.start()].strip()
        blocks.append(
            Block(
                document,
                source.count("\n", 0, fence.start()) + 1,
                fence["language"],
                textwrap.dedent(fence["text"]),
                textwrap.dedent(following["text"]) if following and is_shown else "",
            )
        )
    return blocks


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
COMMAND_BLOCKS = [block for block in BLOCKS if block.language == "sh"]
RUN_HERE = [block for block in COMMAND_BLOCKS if not block.needs]
NOT_RUN = [block for block in COMMAND_BLOCKS if block.needs]


@dataclass(frozen=True)
class Product:
    """The chat as `dev.py run` starts it, on free ports; the documents name the usual ports."""

    app: str
    webpubsub: str
    tables: str

    @property
    def ports(self) -> list[str]:
        """The options that name this product's ports."""
        names = ("--port", self.app), ("--webpubsub-port", self.webpubsub), ("--tables-port", self.tables)
        return [word for name, address in names for word in (name, str(urlsplit(address).port))]

    def here(self, text: str) -> str:
        """Return the text with this product's addresses in place of the usual ones."""
        storage = (
            "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
            f"AccountKey={DEVELOPMENT_KEY};TableEndpoint={self.tables};"
        )
        for usual, address in (
            ("localhost:7071", self.app),
            ("localhost:8080", self.webpubsub),
            ("127.0.0.1:8080", self.webpubsub),
        ):
            text = text.replace(f"http://{usual}", address)
        return text.replace("UseDevelopmentStorage=true", storage)


@contextmanager
def started(command: Sequence[str], least_lines: int = 0) -> Iterator[list[str]]:
    """Run a server while the block lasts; yield what it printed until it was ready. It must end cleanly on Ctrl-C."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            printed = read_until_ready(process.stdout, least_lines)
            threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop the server
            yield printed
            if os.name == "posix":  # Windows cannot press Ctrl-C for one process alone
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=SERVER_SECONDS) == 0
        finally:
            process.kill()


def read_until_ready(output: IO[str], least_lines: int) -> list[str]:
    printed: list[str] = []
    for line in output:
        printed.append(line.rstrip("\n"))
        if any(READY.search(text) for text in printed) and len(printed) >= least_lines:
            return printed
    pytest.fail(f"the server ended before it was ready: {printed}")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One chat for all documents."""
    data = tmp_path_factory.mktemp("data")
    ports = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0"]
    with started([sys.executable, "dev.py", "run", *ports, "--data", str(data)]) as printed:
        names = ("Functions host", "Web PubSub", "Table storage")
        yield Product(*(line.split()[-1].rstrip("/") for name in names for line in printed if line.startswith(name)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each document, with the programs that it names."""
    return {document: tmp_path_factory.mktemp("document") for document in DOCUMENTS}


def test_every_block_of_a_document_says_what_it_holds() -> None:
    """A block without an info string, or with `bash` or `console`, may be a command that nothing runs."""
    assert [(block.place, block.language) for block in BLOCKS if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", NOT_RUN, ids=lambda block: block.place)
def test_a_block_that_is_not_run_needs_what_it_says(block: Block) -> None:
    named = set(re.split(r", | and ", block.needs))
    used = {NEEDED_BY[words[0]] for words in block.commands if words[0] in NEEDED_BY}
    used |= {part for words in block.commands if words[1:3] == ["dev.py", "func"] for part in ("Core Tools", "Azurite")}
    used |= {part for program, part in NEEDED_BY.items() if re.search(rf"\$\({program} ", block.text)}
    used |= {DEPLOYED_CHAT} if DEPLOYED_ADDRESS in block.text and DEPLOYED_CHAT in named else set()

    assert named == used


def test_no_block_that_is_run_uses_what_a_test_has_not() -> None:
    used = [(block.place, words[0]) for block in RUN_HERE for words in block.commands if words[0] in NEEDED_BY]

    assert used == []


@pytest.mark.parametrize("block", RUN_HERE, ids=lambda block: block.place)
def test_the_commands_of_a_document_work(block: Block, product: Product, folders: dict[str, Path]) -> None:
    folder = folders[block.document]
    for program in (other for other in BLOCKS if other.document == block.document and other.language == "python"):
        if named := re.match(r"# (\w+\.py)\n", program.text):
            (folder / named[1]).write_text(product.here(program.text), encoding="utf-8")

    printed = [line for words in block.commands for line in run(words, product, folder, block.shown.count("\n"))]

    if block.shown:
        assert_matches(printed, block.shown)


def run(words: Sequence[str], product: Product, folder: Path, shown_lines: int) -> list[str]:
    """Run one command in the way that its program asks for; return what it printed."""
    match list(words):
        case ["python3", "dev.py", command, *arguments] if command in ONLY_PARSED:
            parse_only(command, arguments)
            return []
        case ["python3", "dev.py", "run"]:
            return []  # the product that all commands talk to was started so
        case ["python3", "dev.py", "run", *arguments]:
            ports = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0", "--data", str(folder)]
            return run_server([sys.executable, "dev.py", "run", *arguments, *ports], shown_lines)
        case ["python3", "dev.py", "doctor"]:
            return run_program([sys.executable, "dev.py", "doctor", *product.ports], product, folder)
        case ["python" | "python3", "-m", module, *arguments] if module.split(".")[0] == "local_azure":
            app = [str(ROOT) if argument == "path/to/app" else argument for argument in arguments]
            ports = ["--port", "0"] + (FURTHER_PORTS * (module == "local_azure"))
            return run_server([sys.executable, "-m", module, *app, *ports], shown_lines)
        case ["local-azure", *arguments]:
            return run_server([sys.executable, "-m", "local_azure", *arguments, "--port", "0"], shown_lines)
        case ["pip" | "python" | "python3", *_] if "install" in words:
            assert_installed(words[words.index("install") + 1 :])
            return []
        case ["python" | "python3", *arguments]:
            return run_program([sys.executable, *arguments], product, folder)
        case ["curl", *arguments]:
            return run_program([shutil.which("curl") or miss("curl"), *arguments], product, folder)
    pytest.fail(f"no way is known to run {shlex.join(words)}: mark its block, or teach this test")


def parse_only(command: str, arguments: Sequence[str]) -> None:
    parsed, rest = dev._parser().parse_known_args([command, *arguments])
    assert parsed.command == command
    if command == "bench":
        names, options = benchmarks.split_options(rest)
        assert set(names) <= set(benchmarks.measurements())
        assert not options or benchmarks.takes_options(*names)
    for path in (argument for argument in rest if "/" in argument):
        assert (ROOT / path).exists()


def run_server(command: Sequence[str], shown_lines: int) -> list[str]:
    with started(command, shown_lines) as printed:
        return printed[:shown_lines] if shown_lines else printed


def run_program(command: Sequence[str], product: Product, folder: Path) -> list[str]:
    is_of_repository = (ROOT / command[1]).exists() or command[1] == "-m"
    ran = subprocess.run(
        [product.here(word) for word in command],
        cwd=ROOT if is_of_repository else folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def assert_installed(arguments: Sequence[str]) -> None:
    """What `pip install` would install is in the environment of the tests, in a version that it allows.

    A folder is a package of this repository; a test of its own installs that.
    """
    if [*arguments] == ["./local_azure"]:
        assert (ROOT / "local_azure" / "pyproject.toml").exists()
        return
    requirements = [argument for argument in arguments if not argument.startswith("-") and "/" not in argument]
    for file in (argument for argument in arguments if argument.endswith(".txt")):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        requirements += [line for line in lines if line and not line.startswith(("#", "-"))]
    assert requirements
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate():
            assert version(requirement.name) in requirement.specifier


def assert_matches(printed: Sequence[str], shown: str) -> None:
    """Compare line by line; the ports are of this run, and `…` in what is shown is any text."""
    lines = [ADDRESS.sub(r"\1:PORT", line) for line in shown.splitlines()]
    patterns = [".*?".join(map(re.escape, line.split("…"))) for line in lines]
    seen = [ADDRESS.sub(r"\1:PORT", line.rstrip()) for line in printed]

    assert re.fullmatch("\n".join(patterns), "\n".join(seen), re.DOTALL), "\n".join([*seen, "does not match", shown])
