"""The connection string: what applications need to find the service and to sign their requests."""

from dataclasses import dataclass
from urllib.parse import urlsplit


class InvalidConnectionString(ValueError):
    """A connection string with a missing or invalid part; the text names the part and never shows the key."""


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """An endpoint (a URL without a trailing slash) and the access key that signs for it."""

    endpoint: str
    access_key: str

    @classmethod
    def parse(cls, text: str) -> "ConnectionString":
        """Return the parts of `Endpoint=…;AccessKey=…;Version=1.0;` with an optional `Port=…`.

        Keys are case-insensitive, the first of two equal keys wins and the version is ignored, as in the
        official SDKs. Raises `InvalidConnectionString`.
        """
        parts: dict[str, str] = {}
        for segment in filter(None, (part.strip() for part in text.split(";"))):
            key, equals, value = segment.partition("=")
            if not equals:
                raise InvalidConnectionString("connection string has a segment without '='")
            parts.setdefault(key.strip().lower(), value.strip())
        for name in ("Endpoint", "AccessKey"):
            if not parts.get(name.lower()):
                raise InvalidConnectionString(f"connection string has no {name}")
        return cls(_with_port(parts["endpoint"].rstrip("/"), parts.get("port")), parts["accesskey"])

    def __str__(self) -> str:
        return f"Endpoint={self.endpoint};AccessKey={self.access_key};Version=1.0;"

    def __repr__(self) -> str:
        return f"ConnectionString(endpoint={self.endpoint!r}, access_key=…)"


def _with_port(endpoint: str, port: str | None) -> str:
    try:
        url = urlsplit(endpoint)
        has_port = url.port is not None
    except ValueError as error:
        raise InvalidConnectionString(f"connection string has an Endpoint that is not a URL: {error}") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise InvalidConnectionString("connection string has an Endpoint that is not an http or https URL")
    if not port:
        return endpoint
    if has_port:
        raise InvalidConnectionString("connection string has a Port, and another one in its Endpoint")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise InvalidConnectionString(f"connection string has the Port {port[:20]!r}; it must be 1 to 65535")
    return f"{endpoint}:{port}"
