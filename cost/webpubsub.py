"""What the use of a day counts as in Web PubSub's bill; the rules are in `local_azure.meter.billing`."""

from collections.abc import Iterable

from cost.events import Traffic
from cost.usage import Platform, Usage
from local_azure.meter.billing import FREE_CONNECTIONS, FREE_MESSAGES, KB, billed_messages, rounded_messages


def fewest_messages(traffic: Iterable[Traffic]) -> float:
    """Return the messages when all bytes of the day are added up and then divided."""
    return billed_messages(sum(part.deliveries * part.size for part in traffic) / KB)


def most_messages(traffic: Iterable[Traffic]) -> float:
    """Return the messages when each delivery is rounded up to whole messages."""
    return sum(part.deliveries * rounded_messages(part.size) for part in traffic)


def choose_tier(platform: Platform, usage: Usage, messages: float) -> str:
    """Return the tier: the chosen one, or the free one while it is enough."""
    if platform.tier != "auto":
        return platform.tier
    is_enough = usage.peak_connections <= FREE_CONNECTIONS and messages <= FREE_MESSAGES and not platform.units
    return "free" if is_enough else "standard"
