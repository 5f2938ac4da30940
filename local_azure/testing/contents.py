"""The bytes of a message or an event, as a test reads them."""

import json
from typing import Any

MAX_SHOWN_CHARACTERS = 200


class Content:
    """Something with `data`: the bytes that were sent."""

    __slots__ = ()

    data: bytes

    @property
    def text(self) -> str:
        """The data as text, of JSON as it was sent; raises ValueError when it is not UTF-8."""
        return self.data.decode()

    @property
    def json(self) -> Any:
        """The value that the data stand for as JSON; raises ValueError when they are not JSON."""
        return json.loads(self.data)


def shorten(text: str) -> str:
    """Return the text, cut at 200 characters."""
    if len(text) <= MAX_SHOWN_CHARACTERS:
        return text
    return f"{text[:MAX_SHOWN_CHARACTERS]}… ({len(text)} characters)"
