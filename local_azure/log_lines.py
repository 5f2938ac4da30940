"""Format log records as lines: the event, then its fields as name=value; malformed HTTP gets no traceback."""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.web import RequestPayloadError

from local_azure.output import use_prompt_output

_TEMPLATE = {**vars(logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO"}))}
_STARTED = time.time()
_STANDARD = frozenset(_TEMPLATE) | {"message", "asctime", "taskName"}
_AMBIGUOUS = re.compile('[ "=]')
_PLAIN = re.compile(r"[A-Za-z0-9_.:/{}+-]+")
# Where a record keeps the fields of `log_info`, beside its attributes of the same names.
_FIELDS = "local_azure_fields"
OWN_LOGGERS = "local_azure"


class FieldFormatter(logging.Formatter):
    """Formats `log.info("event handler called", extra={"hub": "chat"})` as `… event handler called hub=chat`.

    Only records of local Azure show their fields: of an application's records, the cloud shows only the text too. Times
    are UTC.
    """

    def __init__(self, source: str = "") -> None:
        """`source` stands before each text, for a process that is one of several with the same output."""
        super().__init__(f"[%(asctime)s] [{source}] %(message)s" if source else "[%(asctime)s] %(message)s")
        self._before_text = f"] [{source}] " if source else "] "
        self._second = 0
        self._second_text = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the record's time; the text of a second is kept for the next records of it."""
        second = int(record.created)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int(record.msecs):03d}Z"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; one that `log_info` made is put together here, because there are three for every message."""
        fields = getattr(record, _FIELDS, None)
        if fields is None:
            return super().format(record)
        line = f"[{self.formatTime(record)}{self._before_text}{record.getMessage()}"
        return f"{line} {_format_fields(fields)}" if fields else line

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """Return the line with the record's own fields; a field that is None is left out."""
        if vars(record).keys() <= _STANDARD or record.name.partition(".")[0] != OWN_LOGGERS:
            return super().formatMessage(record)
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return f"{super().formatMessage(record)} {_format_fields(fields)}"


def _format_fields(fields: Mapping[str, object]) -> str:
    return " ".join([f"{name}={_format_value(value)}" for name, value in fields.items() if value is not None])


def _format_value(value: object) -> str:
    """Return the value on one line, quoted where it could be misread."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) or (text.isprintable() and not _AMBIGUOUS.search(text)) else json.dumps(text)


def log_info(logger: logging.Logger, text: str, *arguments: object, fields: Mapping[str, object] | None = None) -> None:
    """Log as `logger.info(text, *arguments, extra=fields)` does, in a third of the time.

    The record does not know the line, the process and the thread that it is from, but nobody looks there for those of
    the lines that every message has.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    values = record.__dict__
    values.update(_TEMPLATE)
    values["name"], values["msg"], values["args"], values["created"] = logger.name, text, arguments, now
    values["msecs"] = (now - int(now)) * 1000.0
    values["relativeCreated"] = (now - _STARTED) * 1000.0
    if fields:
        values.update(fields)
    values[_FIELDS] = fields or {}
    logger.handle(record)


def log_to_stderr(level: int) -> None:
    """Write the log to standard error: our own records from this level on, those of libraries from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(OWN_LOGGERS).setLevel(level)


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes lines that appear within 20 ms, warnings and errors at once with all that was written before."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.levelno >= logging.WARNING:
            self.stream.flush()

    def flush(self) -> None:
        """Leave it to the stream."""


def log_to_stdout(source: str = "") -> None:
    """Write this process's log, an app's records among it, to standard output; `source` names the process."""
    use_prompt_output()
    handler = _StandardOutput(sys.stdout)
    handler.setFormatter(FieldFormatter(source))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # This logger writes several lines for every call of an Azure SDK, with all headers.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


def http_logger(owner: str) -> logging.Logger:
    """Return the logger for the owner's HTTP server; malformed HTTP is one line: it is not a bug of the server."""
    logger = logging.getLogger(f"{OWN_LOGGERS}.{owner}.http")
    if not logger.filters:
        logger.addFilter(_malformed_in_one_line)
    return logger


def _malformed_in_one_line(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | RequestPayloadError):
        record.exc_info = None
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.msg, record.args = "malformed HTTP request", ()
        record.reason = _reason(error)
    return True


def _reason(error: Exception) -> str:
    """Return what is wrong, without the part of the request that aiohttp quotes: it may contain a token."""
    if type(error) is not BadHttpMessage:
        return type(error).__name__
    return error.message.partition("\n")[0].rstrip(":")
