"""Random UUIDs for ids that need not be secret: of a request, an event or an invocation."""

import random

# Version 4 and the variant of RFC 9562, and the bits that neither of them takes.
_VERSION_4 = 4 << 76 | 2 << 62
_RANDOM_BITS = (1 << 128) - 1 ^ (15 << 76 | 3 << 62)


def random_uuid() -> str:
    """Return a random UUID (version 4) as text. `uuid4` takes four times as long: it asks the system for randomness."""
    digits = f"{random.getrandbits(128) & _RANDOM_BITS | _VERSION_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
