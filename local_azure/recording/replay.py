"""Plays a recording again and compares what happens with what is in the file."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import aiohttp

from local_azure.recording.client_player import ClientPlayer
from local_azure.recording.comparison import Bindings, Difference, RecordingDiffers, compare_steps
from local_azure.recording.event_player import EventPlayer
from local_azure.recording.file_format import Step, StepKind, read_recording
from local_azure.recording.recorder import Recorder
from local_azure.webpubsub import ConnectionString, Service

Play = Literal["clients", "events"]

STEP_SECONDS = 5.0
# After a first step that did not come, the next ones that do not come are not waited for as long.
LATER_STEP_SECONDS = 0.2
QUIET_SECONDS = 0.1
MAX_SETTLE_SECONDS = 2.0

_QUESTIONS = ("GET ", "HEAD ")
_FROM_APP = frozenset((StepKind.EVENT, StepKind.ANSWER, StepKind.REST))
_TO_CLIENTS = frozenset((StepKind.OPEN, StepKind.REFUSE, StepKind.RECEIVE, StepKind.END))
_BY_CLIENTS = frozenset((StepKind.CONNECT, StepKind.SEND, StepKind.RECOVER, StepKind.LEAVE))
_BY_SERVICE = frozenset((StepKind.CONNECT, StepKind.EVENT))


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What is compared, and how long is waited.

    Fields with a name in `ignored` may have any value. REST calls that only ask (GET, HEAD) are compared with
    `with_questions`: an app may keep their answers for a time, and some have other causes. A step is waited for
    `step_seconds`; when all have come, what was not expected may come for `quiet_seconds` more.
    """

    ignored: Collection[str] = ()
    with_questions: bool = False
    step_seconds: float = STEP_SECONDS
    quiet_seconds: float = QUIET_SECONDS


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many steps were played, and how many effects were compared and are as recorded."""

    played: int
    compared: int


class _Player(Protocol):
    async def play(self, step: Step) -> None: ...


class _Inbox:
    """The steps of this run that are not compared yet, by their stream."""

    def __init__(self, kinds: Collection[StepKind], *, with_questions: bool) -> None:
        self._kinds = kinds
        self._with_questions = with_questions
        self._streams: dict[tuple[str, str, str], deque[Step]] = {}
        self._changed = asyncio.Event()

    def takes(self, step: Step) -> bool:
        """Return whether a step is compared."""
        is_question = step.kind is StepKind.REST and step.stream[2].startswith(_QUESTIONS)
        return step.kind in self._kinds and (self._with_questions or not is_question)

    def add(self, step: Step) -> None:
        """Keep a step, if it is compared."""
        if self.takes(step):
            self._streams.setdefault(step.stream, deque()).append(step)
            self._changed.set()

    async def take(self, stream: tuple[str, str, str], seconds: float) -> Step | None:
        """Return the next step of a stream, waiting for it; None when it does not come."""
        deadline = time.monotonic() + seconds
        while not self._streams.get(stream):
            if not await self._wait_for_change(deadline - time.monotonic()):
                return None
        return self._streams[stream].popleft()

    async def settle(self, quiet_seconds: float) -> list[Step]:
        """Return what is left when nothing has come for some time."""
        deadline = time.monotonic() + MAX_SETTLE_SECONDS
        while time.monotonic() < deadline and await self._wait_for_change(quiet_seconds):
            pass
        return sorted((step for stream in self._streams.values() for step in stream), key=lambda step: step.at)

    async def _wait_for_change(self, seconds: float) -> bool:
        self._changed.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


async def replay(
    service: Service, file: Path, *, play: Play = "clients", options: ReplayOptions | None = None
) -> Replayed:
    """Play a recording on a service of this event loop; return how much was played and compared.

    `clients`: clients connect and send as recorded; their frames, the events, the app's answers and its REST calls are
    compared. `events`: the hub's handlers are sent the recorded events; their answers and REST calls are compared.
    Raises `RecordingDiffers`, `InvalidRecording` or `ReplayFailed`.
    """
    options = options or ReplayOptions()
    steps = read_recording(file)
    bindings = Bindings()
    kinds = _FROM_APP - {StepKind.EVENT} if play == "events" else _FROM_APP | _TO_CLIENTS
    inbox = _Inbox(kinds, with_questions=options.with_questions)

    def collect(step: Step) -> None:
        if _is_of_service(step):
            inbox.add(step)

    recorder = Recorder(service.endpoint, service.settings.access_keys, collect)
    unsubscribe = service.observations.subscribe(recorder.add)
    try:
        if play == "events":
            player = EventPlayer(service, recorder, bindings)
            try:
                return await _run(file.name, steps, player, _BY_SERVICE, inbox, bindings, options)
            finally:
                await player.close()
        key = service.settings.access_key
        async with _clients(service.endpoint, key, recorder, bindings, inbox, with_ends=False) as clients:
            return await _run(file.name, steps, clients, _BY_CLIENTS, inbox, bindings, options)
    finally:
        unsubscribe()


async def replay_remotely(connection: ConnectionString, file: Path, options: ReplayOptions | None = None) -> Replayed:
    """Play the clients of a recording on a service anywhere, and compare what they receive; raises as `replay` does.

    Events, the app's answers and its REST calls cannot be seen there.
    """
    options = options or ReplayOptions()
    # Only the service itself knows the reason of an end.
    options = replace(options, ignored={*options.ignored, "reason"})
    bindings, inbox = Bindings(), _Inbox(_TO_CLIENTS, with_questions=False)
    recorder = Recorder(connection.endpoint, [connection.access_key], inbox.add)
    clients = _clients(connection.endpoint, connection.access_key, recorder, bindings, inbox, with_ends=True)
    async with clients as player:
        return await _run(file.name, read_recording(file), player, _BY_CLIENTS, inbox, bindings, options)


def _is_of_service(step: Step) -> bool:
    """Return whether a step is taken from the service; the others are those of the players' sockets."""
    return step.kind in _FROM_APP or step.kind is StepKind.END


@asynccontextmanager
async def _clients(
    endpoint: str, key: str, recorder: Recorder, bindings: Bindings, inbox: _Inbox, *, with_ends: bool
) -> AsyncIterator[ClientPlayer]:
    def collect(step: Step) -> None:
        if with_ends or step.kind is not StepKind.END:
            inbox.add(step)

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        player = ClientPlayer(endpoint, key, session, recorder, bindings, collect)
        try:
            yield player
        finally:
            await player.close()


async def _run(
    name: str,
    steps: list[Step],
    player: _Player,
    played: Collection[StepKind],
    inbox: _Inbox,
    bindings: Bindings,
    options: ReplayOptions,
) -> Replayed:
    differences: list[Difference] = []
    count = compared = 0
    for step in steps:
        if step.kind in played:
            await player.play(step)
            count += 1
        elif inbox.takes(step):
            compared += 1
            has_missing = any(difference.got is None for difference in differences)
            got = await inbox.take(step.stream, LATER_STEP_SECONDS if has_missing else options.step_seconds)
            mismatches = () if got is None else compare_steps(step, got, bindings, options.ignored)
            if got is None or mismatches:
                differences.append(Difference(step, got, mismatches))
    differences += [Difference(None, step) for step in await inbox.settle(options.quiet_seconds)]
    if differences:
        raise RecordingDiffers(name, compared, differences)
    return Replayed(count, compared)
