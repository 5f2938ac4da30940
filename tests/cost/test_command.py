"""`python3 dev.py cost`: its options, its output, and the worked example in docs/cost.md."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cost.__main__ import main, parse_units
from local_azure.meter.prices import EXAMPLES, InvalidPrice, read_examples, read_prices

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "cost.md"


def test_the_worked_example_of_the_document_is_what_the_command_prints() -> None:
    ((command, expected),) = re.findall(r"```sh\n(.+)\n```\n\n```text\n((?:.*\n)+?)```", DOCUMENT.read_text())
    program, *arguments = shlex.split(command)

    ran = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)

    assert program == "python3"
    assert ran.stdout == expected


def test_json_has_the_inputs_the_day_the_bill_the_limits_and_the_prices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--users", "200", "--price", "logs_gb=0"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["usage"]["users"] == 200
    assert document["month"]["total"]["expected"] == pytest.approx(
        sum(item["cost"]["expected"] for item in document["month"]["items"])
    )
    assert document["prices"]["logs_gb"] == document["prices"]["logs_gb"] | {"value": 0, "date": ""}
    assert document["limits"][0]["growth"] == min(limit["growth"] for limit in document["limits"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--users", "0"], "users is 0, but must be at least 1"),
        (["--price", "tea=1"], "there is no price 'tea'; known are webpubsub_standard_unit_day"),
        (["--price", "logs_gb"], "price 'logs_gb' must have the form name=value"),
        (["--price", "logs_gb=-1"], "price logs_gb is '-1', but must be a number of at least 0"),
        (["--prices", "no-such-file.json"], "cannot be read"),
        (["--units", "5x18"], "units cover 18 hours, but a day has 24"),
        (["--units", "five"], "units 'five' must have the form"),
        (["--memory-mb", "1000"], "memory_mb is 1000, but must be one of 512, 2048, 4096"),
    ],
)
def test_an_input_that_cannot_be_used_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    output = capsys.readouterr()
    assert told in output.err
    assert (output.out, output.err.count("\n")) == ("", 1)


def test_units_are_given_for_the_day_or_by_hours() -> None:
    assert parse_units("") == ()
    assert parse_units("5") == ((5, 24.0),)
    assert parse_units("5x18,10x6") == ((5, 18.0), (10, 6.0))


def test_prices_of_a_file_replace_the_examples_and_those_of_the_command_replace_both(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"currency": "EUR", "logs_gb": 3, "storage_gb_month": 0.05}')

    prices = read_prices(file, ["logs_gb=4"])

    assert (prices.currency, prices["logs_gb"], prices["storage_gb_month"]) == ("EUR", 4, 0.05)
    assert "logs_gb" not in prices.examples
    assert "functions_gb_second" in prices.examples


def test_a_price_file_that_is_no_object_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text("[1]")

    with pytest.raises(InvalidPrice, match="must be one JSON object, not list"):
        read_prices(file, [])


def test_every_example_price_has_its_month_and_its_source() -> None:
    prices = read_examples().prices

    assert prices
    for name, price in prices.items():
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", price.date), name
        assert price.source.startswith("https://azure.microsoft.com/pricing/details/"), name
    assert "nothing here was read from Azure" in json.loads(EXAMPLES.read_text())["note"]


def test_the_document_names_every_option_and_every_price() -> None:
    text = DOCUMENT.read_text()
    help_text = subprocess.run(
        [sys.executable, "dev.py", "cost", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"^  (--[\w-]+)", help_text, re.MULTILINE))

    assert len(options) > 30
    assert [option for option in sorted(options) if f"`{option}" not in text] == []
    assert [name for name in read_examples().prices if f"`{name}`" not in text] == []
