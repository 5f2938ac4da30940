"""What Web PubSub bills: units by the second, and messages of 2 KB of outbound traffic.

Rules: https://learn.microsoft.com/azure/azure-web-pubsub/concept-billing-model. Its examples divide the sum of all
bytes; it does not say whether each delivery is rounded up. So both bounds are computed.
"""

import math
from collections.abc import Sequence

MESSAGE_KB = 2
# The page does not say whether a KB has 1,000 or 1,024 bytes; the smaller one makes the larger bill.
KB = 1000
MESSAGE_BYTES = MESSAGE_KB * KB
CONNECTIONS_PER_UNIT = 1000
# The documentation advises against planning for more.
PLANNED_SHARE = 0.8
UNIT_SIZES = (1, 2, 5, 10, 20, 50, 100)
MESSAGES_PER_UNIT_DAY = 1_000_000
# Not found in Microsoft's documentation: from pricing material of others and of the sibling service.
FREE_CONNECTIONS = 20
FREE_MESSAGES = 20_000


def billed_messages(kilobytes: float) -> float:
    """Return the messages that this much outbound traffic counts as."""
    return kilobytes / MESSAGE_KB


def rounded_messages(size: float) -> int:
    """Return the messages of one delivery of so many bytes, rounded up to whole messages; at least one."""
    return max(1, math.ceil(size / MESSAGE_BYTES))


def unit_days(parts: Sequence[tuple[float, float]]) -> float:
    """Return the unit-days of a day of (units, hours)."""
    return sum(units * hours for units, hours in parts) / 24


def extra_messages(messages: float, days: float) -> float:
    """Return the messages of a day that are billed beyond those that its unit-days include."""
    return max(0.0, messages - days * MESSAGES_PER_UNIT_DAY)


def units_for(connections: int) -> int:
    """Return the fewest units that hold the connections with a fifth to spare.

    One resource has at most 100 units; more are several resources of 100.
    """
    needed = connections / (CONNECTIONS_PER_UNIT * PLANNED_SHARE)
    for size in UNIT_SIZES:
        if size >= needed:
            return size
    return math.ceil(needed / UNIT_SIZES[-1]) * UNIT_SIZES[-1]
