"""HTTPS and WSS: a certificate that this machine trusts is taken, and no other."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from doctor.http import Failure, NoAnswer, send_request
from doctor.websocket import WebSocket, connect
from tests.chat.stub_server import a_server


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return the file of a certificate for this machine that signs itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public, both = folder / "certificate.pem", folder / "both.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(private + public.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return public, context


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer with a word; a WebSocket is sent it."""
    if request.headers.get("Upgrade") != "websocket":
        return web.Response(text="word")
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("word")
    await socket.receive()
    return socket


def receive_word(url: str) -> str:
    with connect(url, timeout=10) as socket:
        return socket.receive_text(10)


def connect_without_trust(url: str) -> WebSocket:
    return connect(url, timeout=10)


async def test_a_server_whose_certificate_this_machine_trusts_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))

    async with a_server(answer, context) as url:
        body = (await asyncio.to_thread(send_request, "GET", url)).body
        word = await asyncio.to_thread(receive_word, url.replace("https", "wss"))

    assert url.startswith("https://")
    assert (body, word) == (b"word", "word")


async def test_a_server_whose_certificate_nobody_trusts_is_not_asked(tmp_path: Path) -> None:
    _, context = make_certificate(tmp_path)

    async with a_server(answer, context) as url:
        with pytest.raises(NoAnswer) as by_http:
            await asyncio.to_thread(send_request, "GET", url)
        with pytest.raises(NoAnswer) as by_websocket:
            await asyncio.to_thread(connect_without_trust, url.replace("https", "wss"))

    assert by_http.value.failure is by_websocket.value.failure is Failure.CERTIFICATE
