"""A TCP proxy between a client and the service, whose connections a test can cut."""

import asyncio
from dataclasses import dataclass

from local_azure.pytest_plugin import WebPubSub


def connection_string_at(endpoint: str, connection_string: str) -> str:
    """Return the connection string with another endpoint and the same key."""
    rest = connection_string.split(";", 1)[1]
    return f"Endpoint={endpoint};{rest}"


class Link:
    """A TCP proxy in front of the service: it has an address of its own, and a test can cut its connections.

    `connection_string` has the proxy's address, so that tokens signed with it are for the address that clients use.
    """

    def __init__(self, service: WebPubSub, server: asyncio.Server, pipes: "Pipes") -> None:
        port = server.sockets[0].getsockname()[1]
        self.connection_string = connection_string_at(f"http://127.0.0.1:{port}", service.connection_string)
        self._service = service
        self._pipes = pipes

    @property
    def connection_count(self) -> int:
        """How many TCP connections were made through the link."""
        return len(self._pipes)

    def delay_answers(self, seconds: float) -> None:
        """Delay what the service sends by this time, as a network does."""
        self._pipes.delay_seconds = seconds

    def discard_answers(self) -> None:
        """Discard what the service sends from now on; the sockets stay open."""

        def discard() -> None:
            for pipe in self._pipes:
                pipe.discards_answers = True

        self._service.call(discard)

    def cut(self) -> None:
        """Abort every socket, without a close frame."""

        def abort() -> None:
            for pipe in self._pipes:
                pipe.abort()

        self._service.call(abort)


class Pipes(list["Pipe"]):
    """The TCP connections through a link, and how long an answer takes on each of them."""

    delay_seconds = 0.0


@dataclass
class Pipe:
    pipes: Pipes
    client: asyncio.StreamWriter
    upstream: asyncio.StreamWriter
    discards_answers: bool = False

    def abort(self) -> None:
        self.client.transport.abort()
        self.upstream.transport.abort()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward what is received until either side ends."""
        try:
            while chunk := await reader.read(65536):
                if writer is self.client:
                    await asyncio.sleep(self.pipes.delay_seconds)
                    if self.discards_answers:
                        continue
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            self.abort()
        finally:
            writer.close()
