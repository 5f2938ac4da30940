"""Decode a request's path and query, before any route is tried.

Paths are decoded as Kestrel does it: percent-escapes become characters except `%2F`, which must not split a segment.
Dot segments are resolved afterwards, so that an encoded `..` has the same effect as a plain one.
"""

import re
from urllib.parse import unquote_to_bytes

_ESCAPED_SLASH = re.compile(r"(%2f)", re.IGNORECASE)
_UNDECODABLE = re.compile("[\udc80-\udcff]")


class BadPath(ValueError):
    """The path contains a character that cannot be served, such as an encoded NUL; the answer is 400."""


def decode_path(raw: str) -> str:
    """Return the path that routes are matched against, starting with a slash.

    Raises BadPath when the path contains an encoded NUL.
    """
    pieces = _ESCAPED_SLASH.split(raw)
    decoded = "".join(piece if index % 2 else _unescape(piece) for index, piece in enumerate(pieces))
    if "\0" in decoded:
        raise BadPath("the path contains a NUL character")
    return _without_dot_segments(decoded)


def parse_query(raw: str) -> dict[str, str]:
    """Return the query as functions see it (H-037, H-038).

    Repeated names are merged whatever their case, their values joined with commas and the first spelling kept;
    parameters whose whole value is empty are dropped.
    """
    if not raw:
        return {}
    spellings: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = (_unescape(part.replace("+", " ")) for part in pair.partition("="))
        spellings.setdefault(name.lower(), name)
        values.setdefault(name.lower(), []).append(value)
    joined = {spellings[name]: ",".join(parts) for name, parts in values.items()}
    return {name: value for name, value in joined.items() if value}


def _unescape(text: str) -> str:
    """Decode percent-escapes as UTF-8; bytes that are not UTF-8 stay escaped."""
    if "%" not in text:
        return text
    decoded = unquote_to_bytes(text).decode("utf-8", "surrogateescape")
    return _UNDECODABLE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", decoded)


def _without_dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept[-1:] = []
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
