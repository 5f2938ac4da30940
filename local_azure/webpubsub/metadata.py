"""The metadata of a message: texts that are sent with its content, in frames and in HTTP headers."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from local_azure.webpubsub.messages import NO_METADATA

HEADER_PREFIX = "X-WebPubSub-Metadata-"
_LOWER_PREFIX = HEADER_PREFIX.lower()

MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 1024
MAX_TOTAL_BYTES = 8192

# A key is an HTTP token (RFC 9110, 5.6.2). A value must fit into a header: a line break would end it.
_KEY = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


class InvalidMetadata(ValueError):
    """Metadata that violates a rule; the text names the rule and the size seen."""


def checked_metadata(pairs: Iterable[tuple[str, object]]) -> Mapping[str, str]:
    """Return the pairs as a read-only mapping; raises `InvalidMetadata` for a bad or repeated key or a bad value.

    Without pairs it is an empty mapping that a JSON receiver is shown, other than `NO_METADATA`.
    """
    metadata: dict[str, str] = {}
    total = 0
    for key, value in pairs:
        if not _KEY.fullmatch(key):
            raise InvalidMetadata(f"metadata key has {len(key)} characters; it must be 1 to 256 of an HTTP token")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise InvalidMetadata("metadata value must be a string of printable ASCII characters")
        if len(value) > MAX_VALUE_BYTES:
            raise InvalidMetadata(f"metadata value is {len(value)} bytes, the limit is {MAX_VALUE_BYTES}")
        if key in metadata:
            raise InvalidMetadata("metadata has a key twice")
        metadata[key] = value
        total += len(key) + len(value)
    if total > MAX_TOTAL_BYTES:
        raise InvalidMetadata(f"metadata is {total} bytes, the limit is {MAX_TOTAL_BYTES}")
    return MappingProxyType(metadata)


def metadata_from_headers(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return the metadata in `X-WebPubSub-Metadata-<key>` headers with keys in lower case.

    Of repeated or comma-joined values the last one counts. Raises `InvalidMetadata`, also for a header without a key.
    """
    found: dict[str, object] = {}
    for name, value in headers:
        if len(name) >= len(HEADER_PREFIX) and name[: len(HEADER_PREFIX)].lower() == _LOWER_PREFIX:
            found[name[len(HEADER_PREFIX) :].lower()] = value.rpartition(",")[2].strip()
    return checked_metadata(found.items()) if found else NO_METADATA


def metadata_of_answer(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return the metadata of a webhook's answer: as `metadata_from_headers`, but a header without a key is ignored."""
    return metadata_from_headers([(name, value) for name, value in headers if name.lower() != _LOWER_PREFIX])


def metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry metadata to a webhook; of keys that differ only in case the last one counts."""
    return {f"{HEADER_PREFIX}{key.lower()}": value for key, value in metadata.items()}
