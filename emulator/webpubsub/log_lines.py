"""Log records as lines for people: the event, then its fields as name=value."""

import json
import logging

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """Formats `log.info("event handler called", extra={"hub": "chat"})` as `… event handler called hub=chat`."""

    default_time_format = "%H:%M:%S"
    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """Return the line with the record's own fields; what is None is left out."""
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
