"""Where the local services listen: at one port for IPv4 and IPv6, because a client may use either for `localhost`."""

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

MAX_PORT = 65_535
LARGE_BLOCK_BYTES = 1024 * 1024


def parse_port(text: str) -> int:
    """Return the port that an option names, 0 for any. Raises ArgumentTypeError when it is not 0 to 65535."""
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to {MAX_PORT}, not {text!r}")
    return int(text)


async def start_sites(runner: "web.BaseRunner", host: str, port: int, tls: "ssl.SSLContext | None" = None) -> int:
    """Listen at the host's addresses and return the port; port 0 takes a free one. With `tls` everything is encrypted.

    Raises OSError when the first address cannot be used; a machine without IPv6 has no second one.
    """
    from aiohttp import web  # not before it is used: options are read before anything large is imported

    # asyncio receives into blocks of 256 KiB. glibc asks the system for each and gives it back, 14 µs of CPU time each,
    # until one as large has been freed: from then on it keeps them.
    bytes(LARGE_BLOCK_BYTES)
    first, *others = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    await web.TCPSite(runner, first, port, ssl_context=tls).start()
    chosen: int = runner.addresses[0][1]
    for other in others:
        with suppress(OSError):
            await web.TCPSite(runner, other, chosen, ssl_context=tls).start()
    return chosen
