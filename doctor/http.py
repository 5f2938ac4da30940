"""One HTTP request as a diagnosis needs it: bounded in time and size, no redirect followed, no proxy used.

HTTPS is verified with the certificates of this machine (`SSL_CERT_FILE` names others). Standard library only.
"""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

TIMEOUT_SECONDS = 10.0
MAX_BODY_BYTES = 1 << 20
USER_AGENT = "chat-doctor"
# What a path or a query may hold as it is; `%` because it is escaped already.
URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


class Failure(StrEnum):
    """Why there was no answer."""

    UNKNOWN_HOST = "the name of the host is not known"
    REFUSED = "nothing accepts connections there"
    TIMEOUT = "no answer in time"
    CERTIFICATE = "the certificate is not valid for this address"
    BROKEN = "the connection ended before the answer, or the answer is no HTTP"


class NoAnswer(Exception):
    """A server did not answer; the text says why and has no part of the URL but its host."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(f"{failure} ({detail})" if detail else str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` are as they came; `body` is at most MAX_BODY_BYTES; `milliseconds` is until its end."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    milliseconds: float

    def header_lines(self, name: str) -> list[str]:
        """Return the value of each header line with this name, in any letter case."""
        return [value.strip() for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str:
        """Return the value of the first header line with this name, empty where there is none."""
        return next(iter(self.header_lines(name)), "")

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people."""
        return self.header("content-type").lower().startswith("text/html")

    @property
    def date(self) -> datetime | None:
        """The server's time, in UTC and whole seconds; None where it sent none that can be read."""
        try:
            return parsedate_to_datetime(self.header("date"))
        except ValueError:
            return None

    def json(self) -> Any:
        """Return the body's JSON value, None where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def send_request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Response:
    """Return the answer to one request; a redirect is an answer.

    `timeout` is in seconds: for each address of the host until one is connected, and from the beginning to the end of
    the answer; the look-up of the host's name has the system's own limit. Raises NoAnswer, and ValueError for a URL
    that is none.
    """
    connection, target = open_connection(url, timeout)
    cut = threading.Event()
    started = time.monotonic()
    with closing(connection):
        try:
            connection.connect()
            sock = connection.sock

            def cut_connection() -> None:
                cut.set()
                shut_down(sock)

            timer = threading.Timer(max(0.0, started + timeout - time.monotonic()), cut_connection)
            timer.daemon = True
            timer.start()
            try:
                connection.request(method, target, body=body, headers={"User-Agent": USER_AGENT} | dict(headers or {}))
                answer = connection.getresponse()
                content = answer.read(MAX_BODY_BYTES)
            finally:
                timer.cancel()
        except (OSError, http.client.HTTPException) as problem:
            raise NoAnswer(*explain_failure(problem, is_cut=cut.is_set(), timeout=timeout)) from problem
        if cut.is_set():
            raise NoAnswer(Failure.TIMEOUT, f"{timeout:g} s")
    return Response(answer.status, tuple(answer.getheaders()), content, (time.monotonic() - started) * 1000)


def open_connection(url: str, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection that is not made yet, and the path and query to ask for; raises ValueError."""
    parts = split_url(url)
    host, target = parts.hostname or "", request_target(parts)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context), target
    return http.client.HTTPConnection(host, parts.port, timeout=timeout), target


def split_url(url: str, schemes: tuple[str, ...] = ("http", "https")) -> SplitResult:
    """Return the parts of an absolute URL; raises ValueError, which never quotes the query: it may hold a secret."""
    parts = urlsplit(url)
    shown = url.partition("?")[0]
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"{shown!r} is no address: it must begin with {' or '.join(f'{each}://' for each in schemes)}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not hold a user name or a password")
    _ = parts.port  # raises ValueError when it is no port
    return parts


def request_target(parts: SplitResult) -> str:
    """Return the path and query of a URL as a request names them."""
    query = f"?{quote(parts.query, safe=URL_CHARACTERS)}" if parts.query else ""
    return quote(parts.path or "/", safe=URL_CHARACTERS) + query


def explain_failure(problem: Exception, *, is_cut: bool, timeout: float) -> tuple[Failure, str]:
    """Return why a request had no answer, and a detail for people."""
    if is_cut or isinstance(problem, TimeoutError):
        return Failure.TIMEOUT, f"{timeout:g} s"
    if isinstance(problem, socket.gaierror):
        return Failure.UNKNOWN_HOST, ""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Failure.CERTIFICATE, problem.verify_message
    if isinstance(problem, ConnectionRefusedError):
        return Failure.REFUSED, ""
    return Failure.BROKEN, type(problem).__name__


def shut_down(sock: socket.socket) -> None:
    """End both directions of a socket, so that a read which waits for it returns."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already
