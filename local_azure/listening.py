"""Where the local services listen: at one port for IPv4 and IPv6, because a client may use either for `localhost`."""

import ssl
from contextlib import suppress

from aiohttp import web


async def start_sites(runner: web.BaseRunner, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
    """Listen at the host's addresses and return the port; port 0 takes a free one. With `tls` everything is encrypted.

    Raises OSError when the first address cannot be used; a machine without IPv6 has no second one.
    """
    first, *others = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    await web.TCPSite(runner, first, port, ssl_context=tls).start()
    chosen: int = runner.addresses[0][1]
    for other in others:
        with suppress(OSError):
            await web.TCPSite(runner, other, chosen, ssl_context=tls).start()
    return chosen
