"""One logger for the chat. What a line is about stands in its fields (`room`, `user`, `connection`, `code`, …).

The Functions worker passes on a line's text only, so the fields are written behind it: `connection ended
{"connection":"…","reason":""}`. Never log a key, a token or what people say.
"""

import json
import logging

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}


def write_fields(record: logging.LogRecord) -> bool:
    """Put a record's extra fields behind its text, as JSON on one line; always lets the record pass."""
    fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if fields:
        record.msg = f"{record.getMessage()} {json.dumps(fields, default=str, separators=(',', ':'))}"
        record.args = None
    return True


log = logging.getLogger("chat")
# Not added: a host that loads the app again in one process would have the fields written twice.
log.filters = [write_fields]
