"""The socket on which a host listens, and the URL by which this machine reaches it."""

import socket

from local_azure.functions.errors import AddressError


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket; port 0 is any free port.

    Raises AddressError when the address cannot be bound, mostly because the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise AddressError(host, port, error) from error


def port_of(listener: socket.socket) -> int:
    """Return the port on which the socket listens."""
    port: int = listener.getsockname()[1]
    return port


def url_of(listener: socket.socket) -> str:
    """Return the URL by which this machine reaches the socket, without a slash at the end."""
    return f"http://{_url_host(listener.getsockname()[0])}:{port_of(listener)}"


def _url_host(address: str) -> str:
    if address in ("0.0.0.0", "::"):  # noqa: S104 — compared, not bound
        return "127.0.0.1" if address == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{address}]" if ":" in address else address
