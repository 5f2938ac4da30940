"""Log records as lines for people: the event, then its fields as name=value; and which are worth a traceback."""

import json
import logging
import time

from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.web import RequestPayloadError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
OWN_LOGGERS = "local_azure"


class FieldFormatter(logging.Formatter):
    """Formats `log.info("event handler called", extra={"hub": "chat"})` as `… event handler called hub=chat`.

    Only the emulator's own records: of an application's, the cloud shows the text and nothing else. Times are UTC.
    """

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("[%(asctime)s] %(message)s")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """Return the line with the record's own fields; what is None is left out."""
        if record.name.partition(".")[0] != OWN_LOGGERS:
            return super().formatMessage(record)
        fields = (
            f"{name}={_shown(value)}"
            for name, value in vars(record).items()
            if name not in _STANDARD and value is not None
        )
        return " ".join((super().formatMessage(record), *fields))


def _shown(value: object) -> str:
    """Return the value on one line, quoted where it could be misread."""
    text = str(value)
    return text if text and text.isprintable() and not set(text) & set(' "=') else json.dumps(text)


def http_logger(owner: str) -> logging.Logger:
    """Return the logger for the owner's HTTP server: what is no HTTP is one line, for it is nobody's bug here."""
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
    """Return what is wrong, without what aiohttp quotes of the request: there may be a token in it."""
    if type(error) is not BadHttpMessage:
        return type(error).__name__
    return error.message.partition("\n")[0].rstrip(":")
