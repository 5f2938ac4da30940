"""Read the JSON files of an app folder; as in the real host, they may have comments and trailing commas."""

import json
import re
from pathlib import Path

from local_azure.functions.errors import ConfigurationError

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')


def parse_object(text: str, name: str) -> dict[str, object]:
    """Return the object in the text; `name` is the file's name, for the error.

    Raises ConfigurationError when the text is not JSON, or its outermost value is not an object.
    """
    plain = _COMMENT.sub(_to_spaces, text.removeprefix("\ufeff"))
    plain = _TRAILING_COMMA.sub(lambda match: match[1] or " ", plain)
    try:
        value = json.loads(plain)
    except ValueError as error:
        raise ConfigurationError(f"{name} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name} must hold a JSON object, not {type(value).__name__}")
    return value


def read_object(path: Path) -> dict[str, object]:
    """Return the object in the file.

    Raises ConfigurationError when the file cannot be read as UTF-8 JSON with an object in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}") from error
    return parse_object(text, path.name)


def _to_spaces(match: re.Match[str]) -> str:
    # Line breaks stay, so that the line numbers of a parser's error are those of the file.
    return match[1] or "".join(character if character in "\r\n" else " " for character in match[0])
