"""The certificates with which the services of this machine are served by TLS: made here, kept in a folder, renewed.

A certificate authority of its own signs the servers' certificate, so that a renewal needs no new trust. It may sign
for this machine's own names only (name constraints), because people let their browsers trust it. Private keys can be
read by the owner of the folder alone.
"""

import os
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    Signer: TypeAlias = tuple[x509.Certificate, EllipticCurvePrivateKey]

NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")
AUTHORITY_DAYS = 3650
# Browsers refuse certificates that are valid for longer than 398 days.
SERVER_DAYS = 365
RENEWAL_DAYS = 30
# Another machine's clock, as in a container, may be a little behind.
BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of a folder: the authority's certificate, the servers' certificate with its key, and what is trusted.

    `trusted` holds the certificates that this machine trusts anyway, and the authority's.
    """

    authority: Path
    server: Path
    trusted: Path

    @property
    def folder(self) -> Path:
        """The folder in which they are."""
        return self.authority.parent

    def server_context(self) -> ssl.SSLContext:
        """Return the rules of TLS for a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.server)
        return context

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables by which a process trusts the certificates, OpenSSL's and those of requests.

        They must be set when the process starts: libraries read the file when they are imported.
        """
        return {"SSL_CERT_FILE": str(self.trusted), "REQUESTS_CA_BUNDLE": str(self.trusted)}

    def write_app_variables(self, variables: Mapping[str, str]) -> Path:
        """Write an app's variables, with those of trust, to a file that a shell can read; return its path.

        Its owner alone can read it.
        """
        file = self.folder / "app.env"
        values = {**variables, **self.variables()}
        lines = [f"{name}={shlex.quote(value) if value else ''}\n" for name, value in values.items()]
        _write(file, "".join(lines).encode(), mode=0o600)
        return file


def ensure_certificates(folder: Path, now: datetime | None = None) -> TlsFiles:
    """Return the certificates of the folder; what is missing, damaged or ends within 30 days is made.

    Raises OSError when the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    files = TlsFiles(folder / "authority.pem", folder / "server.pem", folder / "trusted.pem")
    signer = _read_pair(folder / "authority-key.pem", now)
    if signer is None:
        signer = _make_authority(now)
        _write(folder / "authority-key.pem", _pem_of_key(signer[1]) + _pem_of(signer[0]), mode=0o600)
        files.server.unlink(missing_ok=True)
    _write(files.authority, _pem_of(signer[0]), mode=0o644)
    server = _read_pair(files.server, now)
    if server is None or server[0].issuer != signer[0].subject:
        certificate, key = _make_server(signer, now)
        _write(files.server, _pem_of_key(key) + _pem_of(certificate) + _pem_of(signer[0]), mode=0o600)
    trusted_anyway = _trusted_anyway()
    # The environment may name this very file already.
    if _pem_of(signer[0]) not in trusted_anyway:
        _write(files.trusted, trusted_anyway + _pem_of(signer[0]), mode=0o644)
    return files


def _read_pair(file: Path, now: datetime) -> "Signer | None":
    """Return a certificate and its key; None when they are not there, cannot be used, or end soon."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        content = file.read_bytes()
        key, certificate = load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
    except (OSError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    if certificate.not_valid_after_utc - now < timedelta(days=RENEWAL_DAYS) or certificate.not_valid_before_utc > now:
        return None
    return certificate, key


def _make_authority(now: datetime) -> "Signer":
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own for each: browsers mix up authorities that differ only by their keys.
    name = _name(f"local_azure on this machine {x509.random_serial_number() % 10**6:06}")
    own: list[x509.GeneralName] = [x509.DNSName(text) for text in NAMES]
    own += [x509.IPAddress(ip_network(text)) for text in ADDRESSES]
    builder = (
        _builder(name, name, key, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=own, excluded_subtrees=None), critical=True)
    )
    return _sign(builder, key), key


def _make_server(signer: "Signer", now: datetime) -> "Signer":
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority, authority_key = signer
    key = ec.generate_private_key(ec.SECP256R1())
    own: list[x509.GeneralName] = [x509.DNSName(text) for text in NAMES]
    own += [x509.IPAddress(ip_address(text)) for text in ADDRESSES]
    builder = (
        _builder(_name("localhost"), authority.subject, key, authority_key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(own), critical=False)
    )
    return _sign(builder, authority_key), key


def _builder(
    subject: "x509.Name",
    issuer: "x509.Name",
    key: "EllipticCurvePrivateKey",
    issuer_key: "EllipticCurvePrivateKey",
    now: datetime,
    days: int,
) -> "x509.CertificateBuilder":
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: "x509.CertificateBuilder", key: "EllipticCurvePrivateKey") -> "x509.Certificate":
    from cryptography.hazmat.primitives.hashes import SHA256

    return builder.sign(key, SHA256())


def _name(common_name: str) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem_of(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _pem_of_key(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _trusted_anyway() -> bytes:
    """Return the certificates that programs on this machine trust, as far as they are in files."""
    named = (ssl.get_default_verify_paths().cafile, os.environ.get("REQUESTS_CA_BUNDLE"))
    files = [Path(name) for name in dict.fromkeys(named) if name and Path(name).is_file()]
    if not files:
        try:
            import certifi
        except ImportError:
            return b""
        files = [Path(certifi.where())]
    return b"".join(file.read_bytes().rstrip() + b"\n" for file in files)


def _write(file: Path, content: bytes, *, mode: int) -> None:
    """Write a file completely or not at all; nobody else can read a private key, not even for a moment."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
    new.replace(file)
