import pytest

from bench.__main__ import main, measurements, split_options, takes_options


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ([], [])),
        (["fan_out", "cold_start"], (["fan_out", "cold_start"], [])),
        (["speed", "--rooms", "16"], (["speed"], ["--rooms", "16"])),
        (["--rooms", "16"], ([], ["--rooms", "16"])),
    ],
)
def test_what_follows_the_names_is_for_the_measurement(
    arguments: list[str], expected: tuple[list[str], list[str]]
) -> None:
    assert split_options(arguments) == expected


@pytest.mark.parametrize("arguments", [["--rooms", "16"], ["speed", "fan_out", "--rooms", "16"], ["rows", "--rooms"]])
def test_options_without_one_measurement_that_has_them_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_options_for_a_measurement_without_any_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fan_out", "--rooms", "16"]) == 2
    assert "must follow the name of one measurement that has options" in capsys.readouterr().err


def test_the_speed_measurement_has_options_and_a_name() -> None:
    assert "speed" in measurements()
    assert takes_options("speed")
