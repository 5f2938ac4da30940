"""Log lines: those that every message has read as those of the library do, and every handler understands them."""

import io
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.log_lines import OWN_LOGGERS, FieldFormatter, StandardOutput, log_info

FIELD_NAMES = st.sampled_from(["hub", "event", "status", "milliseconds", "failure"])
VALUES = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20))


class Kept(logging.Handler):
    """Keeps the records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def logger_with(handler: logging.Handler, level: int = logging.INFO) -> logging.Logger:
    logger = logging.Logger(f"{OWN_LOGGERS}.test", level)  # noqa: LOG001 (one for each example, which nobody finds)
    logger.addHandler(handler)
    return logger


def without_time(line: str) -> str:
    found = re.fullmatch(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] (.*)", line)
    assert found
    return found[1]


@given(st.sampled_from(["", "instance 1"]), st.text(max_size=20), st.dictionaries(FIELD_NAMES, VALUES))
def test_a_quick_line_reads_as_the_library_s(source: str, text: str, fields: dict[str, object]) -> None:
    kept, formatter = Kept(), FieldFormatter(source)
    logger = logger_with(kept)
    logger.info("it is '%s'", text, extra=fields)
    log_info(logger, "it is '%s'", text, fields=fields)

    usual, quick = (formatter.format(record) for record in kept.records)
    assert without_time(quick.replace("\n", " ")) == without_time(usual.replace("\n", " "))


@pytest.mark.parametrize(
    "style", ["%(levelname)s %(name)s %(message)s %(hub)s", "%(process)d %(threadName)s %(lineno)d"]
)
def test_another_handler_formats_a_quick_record_as_any_other(style: str) -> None:
    kept = Kept()
    log_info(logger_with(kept), "called %s", "once", fields={"hub": "chat"})

    assert logging.Formatter(style + " %(asctime)s %(relativeCreated)d").format(kept.records[0])
    assert kept.records[0].getMessage() == "called once"
    assert kept.records[0].hub == "chat"  # type: ignore[attr-defined]


def test_nothing_is_made_below_the_level() -> None:
    kept = Kept()
    log_info(logger_with(kept, logging.WARNING), "called")

    assert kept.records == []


# --- lines without a record ----------------------------------------------------------


@given(st.sampled_from(["", "instance 1"]), st.text(max_size=20), st.dictionaries(FIELD_NAMES, VALUES))
def test_standard_output_gets_the_same_line_alone_and_beside_another_handler(
    source: str, text: str, fields: dict[str, object]
) -> None:
    written = io.StringIO(newline="")
    logger = logger_with(StandardOutput(written, FieldFormatter(source)))
    log_info(logger, "it is '%s'", text, fields=fields)
    alone = written.getvalue()
    logger.addHandler(Kept())
    log_info(logger, "it is '%s'", text, fields=fields)

    beside = written.getvalue()[len(alone) :]
    assert without_time(alone.replace("\n", " ")) == without_time(beside.replace("\n", " "))


def test_a_filter_and_a_level_of_the_only_handler_count() -> None:
    written = io.StringIO()
    filtered, quiet = (StandardOutput(written, FieldFormatter()) for _ in range(2))
    filtered.addFilter(lambda record: "secret" not in record.getMessage())
    quiet.setLevel(logging.WARNING)

    log_info(logger_with(filtered), "a %s", "secret")
    log_info(logger_with(quiet), "called")

    assert written.getvalue() == ""


def test_a_line_that_cannot_be_formatted_is_reported_and_disturbs_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    written = io.StringIO()

    log_info(logger_with(StandardOutput(written, FieldFormatter())), "%s and %s", "one")

    assert written.getvalue() == ""
    assert "not enough arguments" in capsys.readouterr().err
