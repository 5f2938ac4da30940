"""One REST call: its hub, the names in its path, its query and its body, each checked when it is read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from local_azure.webpubsub.filters import Filter, InvalidFilter, parse_filter
from local_azure.webpubsub.hub import Connection, Hub
from local_azure.webpubsub.names import InvalidName, hub_key, is_group_name, is_id, is_unicode
from local_azure.webpubsub.rest.errors import bad_request, unsupported_media_type
from local_azure.webpubsub.settings import Settings

MAX_INT32 = 2**31 - 1
BODY_KEY = web.RequestKey("body", bytes)
"""Where a request keeps the body that was read, for observers."""

_ENCODED_SLASH = re.compile("%(2f)", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def decoded_segments(raw_path: str) -> list[str]:
    """Return the segments of a raw path, percent-decoded; raises `RestError` for what is not UTF-8.

    `%2F` stays as it is written and `+` is a plus, as in the official emulator: a name with a slash fails here
    as it does in the cloud.
    """
    try:
        return [unquote(_ENCODED_SLASH.sub(r"%25\1", part), errors="strict") for part in raw_path.split("/")]
    except UnicodeDecodeError:
        raise bad_request("The path is not valid UTF-8.") from None


class Query:
    """The query's parameters, unchangeable; their names are compared without regard to letter case."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if not is_unicode(value):
                raise bad_request("The query is not valid UTF-8.")
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> list[str]:
        """Return the values of a parameter that may come repeatedly."""
        return self._values.get(name.lower(), [])

    def one(self, name: str) -> str | None:
        """Return the value of a parameter that may come once, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise bad_request(f"The query has {len(values)} values of {name}, the limit is 1.", name)
        return values[0] if values else None

    def whole(self, name: str, *, minimum: int, maximum: int = MAX_INT32) -> int | None:
        """Return a whole number within the bounds, or None when the parameter is absent."""
        text = self.one(name)
        if text is None:
            return None
        if not _WHOLE_NUMBER.fullmatch(text) or not minimum <= int(text) <= maximum:
            raise bad_request(f"{name} must be a whole number from {minimum} to {maximum}.", name)
        return int(text)


def read_query(raw_query: str) -> Query:
    """Return the parameters of a raw query; raises `RestError` for what is not UTF-8."""
    return Query(URL.build(query_string=raw_query, encoded=True).query.items())


@dataclass(slots=True)
class RestCall:
    """The arguments of an operation; `now` is in seconds since the epoch.

    Nobody changes one. It is not frozen, because making a frozen one takes three times as long.
    """

    hub: Hub
    names: Mapping[str, str]
    query: Query
    request: web.Request
    settings: Settings
    now: float

    @property
    def endpoint(self) -> str:
        """The address in the request, e.g. `http://localhost:8080`."""
        return f"{self.request.scheme}://{self.request.host}"

    @property
    def connection_id(self) -> str:
        """The path's connection id."""
        return self.names["connectionId"]

    @property
    def group(self) -> str:
        """The path's group."""
        return self.names["group"]

    @property
    def user_id(self) -> str:
        """The path's user id."""
        return self.names["userId"]

    def connection(self) -> Connection | None:
        """Return the connection that the path names, if it exists."""
        return self.hub.connection(self.connection_id)

    def not_excluded(self, connections: Iterable[Connection]) -> list[Connection]:
        """Return the connections that no `excluded` parameter names."""
        excluded = self.query.all("excluded")
        if not excluded:
            return list(connections)
        return [connection for connection in connections if connection.id not in excluded]

    async def body(self) -> bytes:
        """Return the body; raises `RestError` without a valid Content-Length and for a compressed body."""
        length = self.request.headers.get(hdrs.CONTENT_LENGTH, "")
        limit = self.settings.limits.rest_body_bytes
        if not _WHOLE_NUMBER.fullmatch(length) or int(length) > limit:
            raise bad_request("Invalid Content-Length header.", "Content-Length")
        if self.request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            raise unsupported_media_type("The request body must not be compressed.")
        content = self.request.content
        try:
            # Most bodies come with their head in one piece, and need no waiting.
            body = content.read_nowait() if content.is_eof() else await content.read()
        except (ConnectionError, aiohttp.ClientError):
            # The caller has disconnected and will not read this answer.
            raise bad_request("The request body is not complete.") from None
        self.request[BODY_KEY] = body
        return body


def checked_names(names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the names of a path; raises `RestError` for one that the service does not allow."""
    for kind, name in names.items():
        if kind == "hub":
            try:
                hub_key(name)
            except InvalidName as error:
                raise bad_request(f"Invalid {error}.", "hub") from None
        elif kind == "group" and not is_group_name(name):
            raise bad_request("Invalid group name: it must have 1 to 1024 characters and not be blank.", "group")
        elif not is_id(name):
            raise bad_request(f"Invalid {kind}: it must not be blank.", kind)
    return names


def checked_filter(text: str | None) -> Filter | None:
    """Return the condition of an OData filter, or None when there is none; raises `RestError`."""
    if not text:
        return None
    try:
        return parse_filter(text)
    except InvalidFilter as error:
        raise bad_request(str(error), "filter") from None
