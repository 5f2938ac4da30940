"""The console script: what its first word means, and that it says what is not installed."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from local_azure import __version__, extras
from local_azure.command_line import SUBCOMMANDS, main, program_name

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_subcommand_is_the_command_of_the_package_of_its_name(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/local-azure", name])
    module = importlib.import_module(f"{SUBCOMMANDS[name].package}.__main__")

    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    shown = capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        module.main([*SUBCOMMANDS[name].words, "--help"])

    assert shown == capsys.readouterr().out
    assert shown.startswith(f"usage: local-azure {name} ")


def test_without_a_subcommand_all_services_are_served_and_the_help_names_the_subcommands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    shown = " ".join(capsys.readouterr().out.split())
    assert "Serve a Function App's folder, and Azure Web PubSub and Table storage for it." in shown
    assert all(f"{name} ({command.purpose})" in shown for name, command in SUBCOMMANDS.items())


def test_the_version_is_that_of_the_newest_entry_of_the_changes(capsys: pytest.CaptureFixture[str]) -> None:
    changes = (ROOT / "local_azure" / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", changes, re.MULTILINE)

    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"local-azure {__version__}\n"
    assert versions[0] == __version__


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/usr/bin/local-azure", "local-azure tables"),
        ("local-azure.exe", "local-azure tables"),
        ("/x/local_azure/__main__.py", "python -m local_azure.tables"),
    ],
)
def test_the_help_names_the_program_as_it_was_called(monkeypatch: pytest.MonkeyPatch, called: str, name: str) -> None:
    monkeypatch.setattr(sys, "argv", [called])

    assert program_name("local_azure.tables") == name


def test_a_part_whose_packages_are_here_can_be_used() -> None:
    for part in extras.PACKAGES["functions"]:
        extras.require_extra("functions", part)


@pytest.mark.parametrize("extra", extras.PACKAGES)
def test_the_packages_that_an_extra_is_said_to_need_are_those_that_it_brings(extra: str) -> None:
    lines = (ROOT / "local_azure" / f"requirements-{extra}.txt").read_text(encoding="utf-8").splitlines()
    brought = {Requirement(line).name for line in lines if not line.startswith("#")}

    assert {package for part in extras.PACKAGES[extra].values() for package in part.values()} == brought


def test_a_package_that_only_an_option_needs_is_named_with_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "PACKAGES", {"functions": {"--reload": {"no_module_of_this_name": "watchfiles"}}})

    with pytest.raises(extras.MissingExtra, match=r"^--reload needs watchfiles, which is not installed: "):
        extras.require_extra("functions", "--reload")


@pytest.mark.parametrize("service", ["webpubsub", "tables"])
@pytest.mark.parametrize("moment", ["argparse", "aiohttp.web"])
def test_ctrl_c_while_a_service_starts_is_one_line(service: str, moment: str) -> None:
    command = [sys.executable, "-m", "tests.local_azure.interrupted", moment, f"local_azure.{service}", "--port", "0"]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "Stopped before the start was complete.\n")
