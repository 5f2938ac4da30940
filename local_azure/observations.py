"""Observations: records of what happens in a service, published to subscribers (the observer pattern).

Here are the publisher that every service has, and the records of Table storage, which the inspector of Web PubSub shows
beside its own. Publishers check `active` first, so an observation costs one attribute look-up while there is no
subscriber.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

R = TypeVar("R")


class Publisher(Generic[R]):
    """Publishes records; subscribers are called at once and must be fast."""

    __slots__ = ("_subscribers", "active")

    def __init__(self) -> None:
        self._subscribers: tuple[Callable[[R], None], ...] = ()
        self.active = False

    def subscribe(self, subscriber: Callable[[R], None]) -> Callable[[], None]:
        """Call the subscriber with each record from now on; return the function that ends the subscription."""
        self._subscribers += (subscriber,)
        self.active = True

        def unsubscribe() -> None:
            self._subscribers = without_one(self._subscribers, subscriber)
            self.active = bool(self._subscribers)

        return unsubscribe

    def publish(self, record: R) -> None:
        """Call every subscriber; one that raises is logged and does not disturb the service."""
        for subscriber in self._subscribers:
            try:
                subscriber(record)
            except Exception:
                log.exception("a subscriber failed")


def without_one(
    subscribers: tuple[Callable[[R], None], ...], subscriber: Callable[[R], None]
) -> tuple[Callable[[R], None], ...]:
    """Return the subscribers without this one, if it is there, once."""
    if subscriber not in subscribers:
        return subscribers
    place = subscribers.index(subscriber)
    return subscribers[:place] + subscribers[place + 1 :]


@dataclass(slots=True, kw_only=True)
class _StorageRecord:
    """What every record of a storage call says: when it happened (seconds since the epoch), and what was called.

    Nobody changes a record. It is not frozen, because making a frozen one takes three times as long.

    `operation` and `table` are empty where the request names none. `client_request_id` is the caller's
    `x-ms-client-request-id`, `request_id` the storage's own. `correlation_id` is empty until a subscriber knows the
    cause of the call.
    """

    at: float
    operation: str
    table: str
    request_id: str
    client_request_id: str | None
    correlation_id: str = ""


@dataclass(slots=True, kw_only=True)
class StorageCalled(_StorageRecord):
    """A storage call was answered; without an answer (the connection was cut) `status` is None.

    `error_code` is the code of a refusal; that of a transaction comes with status 202. `is_signed` says whether the
    caller's signature is one of the account's keys, None when there is none or it was not looked at. `url` and headers
    have signatures and tokens: whoever shows a record masks them. `answer_headers` are those of the storage
    itself. Only the starts of long bodies are kept: the sizes are those of the whole.
    """

    method: str
    status: int | None
    error_code: str | None
    milliseconds: float
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    body_size: int = 0
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: bytes = b""
    answer_size: int = 0
    is_signed: bool | None = None


@dataclass(slots=True, kw_only=True)
class StorageFaultTriggered(_StorageRecord):
    """A fault disturbed a storage call: `fault` is its line of text."""

    fault: str


StorageObservation = StorageCalled | StorageFaultTriggered
