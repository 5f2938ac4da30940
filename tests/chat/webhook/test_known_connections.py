"""Which connections a process believes to be open; what the service says is a function of the test."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

import pytest

from chat.errors import ServiceUnavailable, Untrusted
from chat.webhook.known_connections import BELIEVED_SECONDS, QUESTION_SECONDS, Ask, KnownConnections, Ownership


@dataclass
class Service:
    """Says whose the open connections are, "" for those of which it is known only that they are open."""

    open: dict[str, str] = field(default_factory=lambda: {"c1": "ana", "c2": "ana", "c3": "ana"})
    asked: list[tuple[str, str]] = field(default_factory=list)
    is_down: bool = False

    def about(self, connection_id: str, user: str) -> Ask:
        return partial(self._answer, connection_id, user)

    async def _answer(self, connection_id: str, user: str) -> Ownership:
        self.asked.append((connection_id, user))
        await asyncio.sleep(0)
        if self.is_down:
            raise ServiceUnavailable("no answer")
        owner = self.open.get(connection_id)
        if owner is None or owner not in ("", user):
            return Ownership.NONE
        return Ownership.OWNED if owner else Ownership.OPEN


@pytest.fixture
def now() -> list[float]:
    """The clock's time, as its only item."""
    return [1000.0]


@pytest.fixture
def known(now: list[float]) -> KnownConnections:
    return KnownConnections(clock=lambda: now[0])


async def test_all_events_of_a_connection_cause_one_question(known: KnownConnections) -> None:
    service = Service()

    await asyncio.gather(*(known.verify("c1", "ana", service.about("c1", "ana")) for _ in range(10)))
    await known.verify("c1", "ana", service.about("c1", "ana"))

    assert service.asked == [("c1", "ana")]


async def test_a_connection_that_is_not_open_is_refused_and_asked_about_once_a_second(
    known: KnownConnections, now: list[float]
) -> None:
    service = Service()
    for _ in range(5):
        with pytest.raises(Untrusted):
            await known.verify("gone", "ana", service.about("gone", "ana"))
    assert service.asked == [("gone", "ana")]

    now[0] += QUESTION_SECONDS + 0.1
    with pytest.raises(Untrusted):
        await known.verify("gone", "ana", service.about("gone", "ana"))
    assert service.asked == [("gone", "ana")] * 2


async def test_without_an_answer_nothing_is_believed_and_the_question_is_asked_again(
    known: KnownConnections, now: list[float]
) -> None:
    service = Service(is_down=True)
    with pytest.raises(ServiceUnavailable):
        await known.verify("c1", "ana", service.about("c1", "ana"))

    now[0] += QUESTION_SECONDS + 0.1
    service.is_down = False
    await known.verify("c1", "ana", service.about("c1", "ana"))

    assert service.asked == [("c1", "ana")] * 2


async def test_a_connection_is_asked_about_again_after_ten_minutes(known: KnownConnections, now: list[float]) -> None:
    service = Service()
    await known.verify("c1", "ana", service.about("c1", "ana"))
    service.open.clear()
    now[0] += BELIEVED_SECONDS + 1

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", service.about("c1", "ana"))


async def test_a_connection_that_ended_is_asked_about_again_at_once(known: KnownConnections) -> None:
    service = Service()
    await known.verify("c1", "ana", service.about("c1", "ana"))
    service.open.clear()

    known.forget("c1", "ana")

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", service.about("c1", "ana"))


async def test_an_answer_from_before_the_end_is_not_believed(known: KnownConnections, now: list[float]) -> None:
    answers = [Ownership.OWNED, Ownership.NONE]

    async def ask() -> Ownership:
        if len(answers) == 2:  # the connection ends while the service answers
            now[0] += 0.1
            known.forget("c1", "ana")
            now[0] += 0.1
        return answers.pop(0)

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", ask)
    assert not known.known


async def test_a_beginning_that_was_handled_until_after_the_end_is_not_believed(
    known: KnownConnections, now: list[float]
) -> None:
    service, began = Service(open={}), now[0]
    now[0] += 0.1
    known.forget("c1", "ana")
    known.note("c1", "ana", began, is_proved=True)

    with pytest.raises(Untrusted):
        await known.verify("c1", "ana", service.about("c1", "ana"))


async def test_an_end_that_somebody_else_reported_does_not_lock_the_connection_out(
    known: KnownConnections, now: list[float]
) -> None:
    service = Service()
    known.forget("c1", "ana")
    now[0] += 0.1

    for _ in range(2):
        await known.verify("c1", "ana", service.about("c1", "ana"))
    assert service.asked == [("c1", "ana")]


async def test_a_connection_is_its_users_whoever_comes_first(known: KnownConnections, now: list[float]) -> None:
    service = Service()
    for _ in range(2):
        with pytest.raises(Untrusted):
            await known.verify("c1", "bo", service.about("c1", "bo"))
        await known.verify("c1", "ana", service.about("c1", "ana"))
    assert service.asked == [("c1", "bo"), ("c1", "ana")]

    now[0] += BELIEVED_SECONDS + 1
    with pytest.raises(Untrusted):
        await known.verify("c1", "bo", service.about("c1", "bo"))


async def test_a_connection_without_a_known_owner_is_the_first_ones(known: KnownConnections, now: list[float]) -> None:
    service = Service(open={"c1": ""})
    await known.verify("c1", "ana", service.about("c1", "ana"))

    for seconds in (0.0, BELIEVED_SECONDS + 1):
        now[0] += seconds
        with pytest.raises(Untrusted):
            await known.verify("c1", "bo", service.about("c1", "bo"))
        await known.verify("c1", "ana", service.about("c1", "ana"))


async def test_the_owner_takes_back_what_was_believed_of_another_user(known: KnownConnections) -> None:
    service = Service(open={"c1": ""})
    await known.verify("c1", "bo", service.about("c1", "bo"))

    service.open["c1"] = "ana"
    await known.verify("c1", "ana", service.about("c1", "ana"))

    with pytest.raises(Untrusted):
        await known.verify("c1", "bo", service.about("c1", "bo"))


async def test_of_many_connections_those_that_were_used_last_are_kept() -> None:
    service, known = Service(), KnownConnections(limit=2)
    for connection in ("c1", "c2", "c1", "c3"):
        await known.verify(connection, "ana", service.about(connection, "ana"))

    assert list(known.known) == ["c1", "c3"]
