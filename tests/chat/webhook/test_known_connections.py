"""Which connections a process believes to be open; what the service says is a function of the test."""

import asyncio
from dataclasses import dataclass, field

import pytest

from chat.errors import ServiceUnavailable, Untrusted
from chat.webhook.known_connections import BELIEVED_SECONDS, QUESTION_SECONDS, KnownConnections


@dataclass
class Service:
    """Says that the `open` connections exist; `asked` are the questions."""

    open: set[str] = field(default_factory=lambda: {"c1", "c2", "c3"})
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    async def exists(self, connection_id: str) -> bool:
        self.asked.append(connection_id)
        await asyncio.sleep(0)
        if self.is_down:
            raise ServiceUnavailable("no answer")
        return connection_id in self.open


@pytest.fixture
def now() -> list[float]:
    """The clock's time, as its only item."""
    return [1000.0]


@pytest.fixture
def known(now: list[float]) -> KnownConnections:
    return KnownConnections(clock=lambda: now[0])


async def test_all_events_of_a_connection_cause_one_question(known: KnownConnections) -> None:
    service = Service()

    await asyncio.gather(*(known.verify("c1", "ana", service.exists) for _ in range(10)))
    await known.verify("c1", "ana", service.exists)

    assert service.asked == ["c1"]


async def test_a_connection_that_is_not_open_is_refused_and_asked_about_once_a_second(
    known: KnownConnections, now: list[float]
) -> None:
    service = Service()
    for _ in range(5):
        with pytest.raises(Untrusted):
            await known.verify("gone", "ana", service.exists)
    assert service.asked == ["gone"]

    now[0] += QUESTION_SECONDS + 0.1
    with pytest.raises(Untrusted):
        await known.verify("gone", "ana", service.exists)
    assert service.asked == ["gone", "gone"]


async def test_without_an_answer_nothing_is_believed_and_the_question_is_asked_again(
    known: KnownConnections, now: list[float]
) -> None:
    service = Service(is_down=True)
    with pytest.raises(ServiceUnavailable):
        await known.verify("c1", "ana", service.exists)

    now[0] += QUESTION_SECONDS + 0.1
    service.is_down = False
    await known.verify("c1", "ana", service.exists)

    assert service.asked == ["c1", "c1"]


async def test_a_connection_is_asked_about_again_after_ten_minutes(known: KnownConnections, now: list[float]) -> None:
    service = Service()
    await known.verify("c1", "ana", service.exists)
    service.open.clear()
    now[0] += BELIEVED_SECONDS + 1

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", service.exists)


async def test_a_connection_that_ended_is_asked_about_again_at_once(known: KnownConnections) -> None:
    service = Service()
    await known.verify("c1", "ana", service.exists)
    service.open.clear()

    known.forget("c1")

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", service.exists)


async def test_the_user_of_a_connection_stays_the_same(known: KnownConnections, now: list[float]) -> None:
    service = Service()
    await known.verify("c1", "ana", service.exists)

    for seconds in (0.0, BELIEVED_SECONDS + 1):
        now[0] += seconds
        with pytest.raises(Untrusted):
            await known.verify("c1", "bo", service.exists)
        await known.verify("c1", "ana", service.exists)


async def test_of_many_connections_those_that_were_used_last_are_kept() -> None:
    service, known = Service(), KnownConnections(limit=2)
    for connection in ("c1", "c2", "c1", "c3"):
        await known.verify(connection, "ana", service.exists)

    assert list(known.known) == ["c1", "c3"]
