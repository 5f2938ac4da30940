"""Which file of the page does a path name, what is its content, and which headers protect the reader?"""

import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

ROOT = (Path(__file__).parent.parent / "static").resolve()
NOT_FOUND = "not found"
SERVICE_WORKER = "service-worker.js"
NO_ANCESTORS = "'none'"
# A fixed table: the machine's registry of types differs between machines.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes with its content type and its entity tag (RFC 9110, 8.8.3).

    `gzipped` is the same content in gzip, None where that is not smaller.
    """

    content: bytes
    content_type: str
    etag: str
    gzipped: bytes | None


def find_file(path: str, root: Path = ROOT) -> Path | None:
    """Return the file under `root` that a URL's path names (`index.html` for no path), or None.

    Every segment must be a plain name, so no path can have `..`, be absolute, name a drive or hold a NUL; a link that
    leads outside is not followed.
    """
    segments = path.split("/") if path else ["index.html"]
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        return None
    file = root.joinpath(*segments)
    if file.suffix not in CONTENT_TYPES:
        return None
    try:
        file = file.resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except OSError:  # a name or a path that is longer than the file system takes, or a loop of links
        return None


def read_file(path: Path, root: Path = ROOT) -> File:
    """Return a file; it is read again only when it changed.

    The service worker's begins with the version and the files that it keeps, so it changes with every one of them.
    """
    if path == root / SERVICE_WORKER:
        return _service_worker(path, _identify(path), page_version(root))
    return _read(path, _identify(path))


FileIdentity = tuple[int, int]


def _identify(path: Path) -> FileIdentity:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _read(path: Path, _identity: FileIdentity) -> File:
    return _file(path.read_bytes(), path)


def _file(content: bytes, path: Path) -> File:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    gzipped = gzip.compress(content, mtime=0)
    return File(content, CONTENT_TYPES[path.suffix], etag, gzipped if len(gzipped) < len(content) else None)


@dataclass(frozen=True, slots=True)
class PageVersion:
    """The version of the page, a hash over all its files, and the SHA-256 of each file by its path (hexadecimal)."""

    version: str
    files: tuple[tuple[str, str], ...]


def page_version(root: Path = ROOT) -> PageVersion:
    """Return the version of the files as they are now; they are read again only when one of them changed."""
    paths = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix in CONTENT_TYPES)
    found = ((path, find_file(path, root)) for path in sorted(paths))
    return _version(tuple((path, file, _identify(file)) for path, file in found if file))


@lru_cache(maxsize=4)
def _version(files: tuple[tuple[str, Path, FileIdentity], ...]) -> PageVersion:
    hashes = tuple((path, hashlib.sha256(file.read_bytes()).hexdigest()) for path, file, _ in files)
    version = hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:16]
    return PageVersion(version, tuple((path, digest) for path, digest in hashes if path != SERVICE_WORKER))


@lru_cache(maxsize=4)
def _service_worker(path: Path, _identity: FileIdentity, version: PageVersion) -> File:
    header = f"const VERSION = {json.dumps(version.version)};\nconst FILES = {json.dumps(dict(version.files))};\n"
    return _file(header.encode() + path.read_bytes(), path)


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether the reader takes gzip (`Accept-Encoding`); `gzip;q=0` says that it does not."""
    codings = (coding.replace(" ", "").lower().partition(";q=") for coding in accept_encoding.split(","))
    return any(name == "gzip" and is_positive(quality or "1") for name, _, quality in codings)


def is_positive(quality: str) -> bool:
    """Return whether a quality value is a number above 0."""
    try:
        return float(quality) > 0
    except ValueError:
        return False


def is_fresh(etag: str, if_none_match: str) -> bool:
    """Return whether the reader has this version already (`If-None-Match`, compared weakly)."""
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or known == ["*"]


@lru_cache(maxsize=4)
def _policy(endpoint: str | None, frame_ancestors: Sequence[str]) -> str:
    connect = ["'self'"]
    if endpoint:
        address = urlsplit(endpoint)
        connect += [f"{'wss' if address.scheme == 'https' else 'ws'}://{address.netloc}", endpoint]
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            f"connect-src {' '.join(connect)}",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(frame_ancestors) or NO_ANCESTORS}",
        ]
    )


def security_headers(endpoint: str | None, frame_ancestors: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the headers of an answer of the page; it may connect to itself and to the service's endpoint.

    `frame_ancestors` are the origins that may show it in a frame. `X-Frame-Options` cannot name origins, so it is sent
    only where there are none.
    """
    headers = {
        "Content-Security-Policy": _policy(endpoint, frame_ancestors),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return headers if frame_ancestors else headers | {"X-Frame-Options": "DENY"}
