"""Records in the form in which the recorder keeps them."""

from local_azure.webpubsub.inspector.record_decoder import KeptRecord, decode
from local_azure.webpubsub.inspector.record_encoder import RecordEncoder
from local_azure.webpubsub.observations import Observation

MIB = 1024 * 1024


def keep(record: Observation, max_payload_bytes: int = MIB) -> KeptRecord:
    """Return what is shown of a record: encoded, and decoded again."""
    (encoded,) = RecordEncoder(max_payload_bytes).encode([record])
    (kept,) = decode(encoded.data)
    return kept


def encoded_size(record: Observation, max_payload_bytes: int = MIB) -> int:
    """Return how many bytes are kept of a record."""
    return sum(len(encoded.data) for encoded in RecordEncoder(max_payload_bytes).encode([record]))
