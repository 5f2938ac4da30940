"""One logger for the chat. The facts of a line are its fields (`room`, `user`, `connection`, `code`, …).

The Functions worker passes on a line's text only, so the fields are written after it: `connection ended
{"connection":"…","reason":""}`. Never log a key, a token or the text of a message.
"""

import json
import logging
import re
import time
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from chat.errors import ServiceUnavailable, StorageUnavailable

MAX_CAUSE_LENGTH = 500
T = TypeVar("T")
_QUERY = re.compile(r"\?[^\s'\")>\]]+")
# Made once: `json.dumps` makes an encoder for each call that has options.
_encode = json.JSONEncoder(default=str, separators=(",", ":")).encode
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


def write_fields(record: logging.LogRecord) -> bool:
    """Put a record's extra fields after its text, as JSON on one line; always lets the record pass."""
    if vars(record).keys() <= _STANDARD:
        return True
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    record.msg = f"{record.getMessage()} {_encode(fields)}"
    record.args = None
    return True


def cause_of(error: BaseException) -> str:
    """Return what caused an error, for a log line; empty when nothing did."""
    return redacted_repr(error.__cause__) if error.__cause__ else ""


def redacted_repr(problem: BaseException) -> str:
    """Return an error as text, without the queries of URLs: they may hold keys and tokens."""
    return _QUERY.sub("?…", repr(problem))[:MAX_CAUSE_LENGTH]


_HANDLED, _FAILED = (
    vars(logging.LogRecord("chat", level, __file__, 0, "", None, None)) for level in (logging.INFO, logging.WARNING)
)
_STARTED = time.time()

log = logging.getLogger("chat")
# Not added: a host that loads the app again in one process would have the fields written twice.
log.filters = [write_fields]


def log_call(text: str, fields: Mapping[str, object], *, failed: bool) -> None:
    """Write the one line that every event and request gets; a warning where the answer was a failure (5xx).

    Each message pays for this line: the record is a copy of one that was made before, without the line of code, the
    process and the thread, which costs a fifth. And `log.info` takes no field with the name `message`.
    """
    template = _FAILED if failed else _HANDLED
    if not log.isEnabledFor(template["levelno"]):
        return
    record, now = logging.LogRecord.__new__(logging.LogRecord), time.time()
    values = record.__dict__
    values.update(template)
    values["msg"] = f"{text} {_encode(fields)}"
    values["created"], values["msecs"] = now, (now - int(now)) * 1000.0
    values["relativeCreated"] = (now - _STARTED) * 1000.0
    log.handle(record)


async def or_none(call: Awaitable[T], problem_text: str, room: str) -> T | None:
    """Return what a call returns; None, after a line in the log, when the service or storage fails."""
    try:
        return await call
    except (ServiceUnavailable, StorageUnavailable) as problem:
        log.warning(problem_text, extra={"room": room, "cause": cause_of(problem)})
        return None
