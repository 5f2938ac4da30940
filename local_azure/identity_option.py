"""The options `--tls` and `--identity` of a command that serves one service alone, for an app of any language."""

import argparse
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_azure.listening import parse_port

if TYPE_CHECKING:
    from local_azure.authority import AuthorityServer
    from local_azure.bearer_tokens import BearerTokens
    from local_azure.certificates import TlsFiles

AUTHORITY_PORT = 8090


class IdentityFailed(Exception):
    """The certificates or the authority that the options ask for cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class ServedIdentity:
    """What a service is served with: all of it is None without the options."""

    files: "TlsFiles | None" = None
    tls: ssl.SSLContext | None = None
    server: "AuthorityServer | None" = None
    tokens: "BearerTokens | None" = None

    @property
    def own_token(self) -> Callable[[str], str] | None:
        """What returns a token of the service's own identity for a resource."""
        return self.server.authority.own_token if self.server else None

    def write_variables(self, variables: Mapping[str, str]) -> str:
        """Write what an app must know of the service to a file; return lines that name it, empty without TLS."""
        if self.files is None:
            return ""
        lines = [f"Certificates: {self.files.authority}"]
        if self.server is not None:
            variables = {**variables, **self.server.app_variables()}
            lines.append(f"Authority: {self.server.authority.tenant_url}/v2.0")
        return "\n".join([*lines, f"App's settings: {self.files.write_app_variables(variables)}"])


def add_identity_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, for `serve_identity`."""
    parser.add_argument("--tls", type=Path, metavar="DIR", help="serve by https; the certificates are made in DIR")
    parser.add_argument(
        "--identity",
        nargs="?",
        choices=("system", "user"),
        const="system",
        help="take tokens of the app's managed identity beside keys, and have an identity; needs --tls",
    )
    parser.add_argument(
        "--authority-port", type=parse_port, default=AUTHORITY_PORT, help="port of the authority (default: %(default)s)"
    )


@asynccontextmanager
async def serve_identity(options: argparse.Namespace) -> AsyncIterator[ServedIdentity]:
    """Make the certificates and serve the authority, as far as the options ask for them, while the context is open.

    Raises IdentityFailed.
    """
    if options.tls is None:
        yield ServedIdentity()
        return
    # Imported here: most runs need none.
    from local_azure.certificates import ensure_certificates

    try:
        files = ensure_certificates(options.tls)
    except OSError as error:
        raise IdentityFailed(f"the certificates cannot be written to {options.tls}: {error.strerror}") from error
    if options.identity is None:
        yield ServedIdentity(files, files.server_context())
        return
    from local_azure.authority import default_identities, serve
    from local_azure.bearer_tokens import BearerTokens

    identities = default_identities(options.identity)
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(
                serve(identities, port=options.authority_port, tls=files.server_context())
            )
        except OSError as error:
            problem = error.strerror or error
            raise IdentityFailed(f"the authority cannot listen on port {options.authority_port}: {problem}") from error
        tokens = BearerTokens(server.authority.trust())
        server.authority.keys.on_rotation(tokens.replace_keys)
        yield ServedIdentity(files, files.server_context(), server, tokens)
