"""The certificates of the services on this machine."""

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from local_azure.certificates import TlsFiles, ensure_certificates
from tests.system_parts import needs_posix

NOW = datetime.now(UTC)


async def greet(server: ssl.SSLContext, trusted: Path, name: str, address: str = "127.0.0.1") -> bytes:
    """Serve a greeting by TLS and read it as a client that trusts the file; raises SSLError."""

    async def say_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    serving = await asyncio.start_server(say_hello, address, 0, ssl=server)
    port = serving.sockets[0].getsockname()[1]
    async with serving:
        client = ssl.create_default_context(cafile=str(trusted))
        client.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does
        reader, writer = await asyncio.open_connection(address, port, ssl=client, server_hostname=name)
        try:
            return await reader.read()
        finally:
            writer.close()


@pytest.mark.parametrize("file", ["authority", "trusted"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
async def test_a_client_that_trusts_the_authority_trusts_the_servers(tmp_path: Path, file: str, name: str) -> None:
    files = ensure_certificates(tmp_path)

    assert await greet(files.server_context(), getattr(files, file), name) == b"hello"


async def test_another_name_is_not_trusted(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'example\.com'"):
        await greet(files.server_context(), files.authority, "example.com")


async def test_the_authority_cannot_vouch_for_other_machines(tmp_path: Path) -> None:
    """Who steals its key cannot pose as a site of the internet to a browser that trusts it."""
    files = ensure_certificates(tmp_path)
    content = (tmp_path / "authority-key.pem").read_bytes()
    authority, stolen = x509.load_pem_x509_certificate(content), load_pem_private_key(content, None)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.com")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("example.com")]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(stolen.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(stolen, SHA256())
    )
    file = tmp_path / "forged.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + forged.public_bytes(Encoding.PEM))

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        await greet(TlsFiles(files.authority, file, files.trusted).server_context(), files.authority, "example.com")


def certificates(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "authority.pem").read_bytes(), (folder / "server.pem").read_bytes()


def test_certificates_are_kept_until_thirty_days_before_they_end(tmp_path: Path) -> None:
    """A renewed server needs no new trust; only after ten years there is a new authority."""
    ensure_certificates(tmp_path, NOW)
    authority, server = certificates(tmp_path)

    ensure_certificates(tmp_path, NOW + timedelta(days=334))
    assert certificates(tmp_path) == (authority, server)

    ensure_certificates(tmp_path, NOW + timedelta(days=336))
    assert certificates(tmp_path)[0] == authority
    assert certificates(tmp_path)[1] != server

    ensure_certificates(tmp_path, NOW + timedelta(days=3621))
    assert certificates(tmp_path)[0] != authority


@pytest.mark.parametrize("name", ["authority-key.pem", "authority.pem", "server.pem", "trusted.pem"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
async def test_a_missing_or_damaged_file_is_made_again(tmp_path: Path, name: str, content: bytes | None) -> None:
    ensure_certificates(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)

    files = ensure_certificates(tmp_path)

    for trusted in (files.authority, files.trusted):
        assert await greet(files.server_context(), trusted, "localhost") == b"hello"


@needs_posix("permissions of files (POSIX)")
def test_private_keys_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    ensure_certificates(tmp_path)

    private = {file.name for file in tmp_path.iterdir() if b"PRIVATE" in file.read_bytes()}
    closed = {file.name for file in tmp_path.iterdir() if not stat.S_IMODE(file.stat().st_mode) & 0o077}
    assert private == closed == {"authority-key.pem", "server.pem"}


def test_what_was_trusted_before_stays_trusted_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [ensure_certificates(tmp_path / name).authority for name in ("of-the-company", "of-the-proxy")]
    for variable, file in zip(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), before, strict=True):
        monkeypatch.setenv(variable, str(file))

    files = ensure_certificates(tmp_path / "ours")
    for variable, value in files.variables().items():
        monkeypatch.setenv(variable, value)
    again = ensure_certificates(tmp_path / "ours")

    assert again.trusted.read_bytes() == b"".join(file.read_bytes() for file in (*before, files.authority))
    assert set(again.variables().values()) == {str(again.trusted)}
