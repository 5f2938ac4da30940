"""A writer and a storage that fails: what is acknowledged is in the log once, and what is not is told as such."""

import asyncio
import random
import time

import pytest

from chat.errors import ChatError, StorageUnavailable
from chat.room_log.append_plan import Appended
from chat.room_log.model import DeleteMessage, EditMessage, Entry, Message, MessageRequest, NewMessage, SetReaction
from chat.room_log.reader import read_since
from chat.room_log.rows import entry_key
from chat.room_log.store import TABLE, RoomStore
from chat.room_log.writer import APPEND_SECONDS, RoomWriter
from local_azure.pytest_plugin import TableStorage
from tests.chat.local_chat import until
from tests.chat.room_log.conftest import ROOM, Instances
from tests.chat.room_log.requests import MemoryLog, edit, new_message, react
from tests.chat.room_log.table_proxy import Fate, Gate, TableProxy

CARRIED_OUT = (Fate.FAIL_AFTER, Fate.CUT_AFTER)
NOT_CARRIED_OUT = (Fate.BUSY, Fate.FAIL, Fate.CUT)
# How much later than promised a busy machine may answer.
TOLERANCE_SECONDS = 2.0


@pytest.fixture
def writer(instances: Instances, proxy: TableProxy) -> RoomWriter:
    """One instance's writer, whose calls go through the proxy."""
    return instances.writer(proxy.connection_string)


async def read_log(store: RoomStore) -> dict[str, tuple[Entry, Message]]:
    """Return all entries with their messages by id, checked to be without a gap."""
    found: list[tuple[Entry, Message]] = []
    while (run := await read_since(store, ROOM, len(found))).entries:
        found += [(entry, message) for entry, message in run.entries if message]
    assert [entry.seq for entry, _ in found] == list(range(1, (await store.read_head(ROOM)).seq + 1))
    by_id = {entry.id: (entry, message) for entry, message in found}
    assert len(by_id) == len(found)
    return by_id


@pytest.mark.parametrize("fate", CARRIED_OUT)
async def test_an_entry_whose_answer_was_lost_is_found_and_stored_once(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore, fate: Fate
) -> None:
    proxy.fates.append(fate)

    appended = await writer.append(new_message("m1"))

    assert (appended.entry, appended.message) == (await read_log(store))["m1"]
    assert proxy.transactions == 1


@pytest.mark.parametrize("fate", CARRIED_OUT)
async def test_a_lost_answer_to_a_batch_is_resolved_for_each_of_its_requests(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore, fate: Fate
) -> None:
    await writer.append(new_message("m1"))
    proxy.fates.append(fate)

    outcomes = await asyncio.gather(
        *(writer.append(request) for request in (react("c1", "m1"), new_message("m2"), edit("c2", "m2", "x")))
    )

    log = await read_log(store)
    assert [log[outcome.entry.id][0] for outcome in outcomes if outcome.entry] == [
        outcome.entry for outcome in outcomes
    ]
    assert list(log) == ["m1", "c1", "m2", "c2"]


@pytest.mark.parametrize("fate", NOT_CARRIED_OUT)
async def test_a_transaction_that_was_not_carried_out_is_tried_again(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore, fate: Fate
) -> None:
    proxy.fates += [fate, fate]

    appended = await writer.append(new_message("m1"))

    assert appended.entry
    assert appended.entry.seq == 1
    assert list(await read_log(store)) == ["m1"]
    assert proxy.transactions == 3


async def test_what_comes_while_tries_fail_is_taken_along(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    proxy.fates.append(Fate.FAIL)
    gate = Gate()
    proxy.before_transaction = gate.wait
    first = asyncio.create_task(writer.append(new_message("m1")))
    await until(lambda: gate.waiting == 1)

    second = asyncio.create_task(writer.append(new_message("m2")))
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(first, second)

    assert list(await read_log(store)) == ["m1", "m2"]
    assert proxy.transactions == 2


@pytest.mark.parametrize("fate", NOT_CARRIED_OUT)
async def test_while_storage_is_down_an_append_is_given_up_in_time_and_nothing_is_in_the_log(
    instances: Instances, proxy: TableProxy, store: RoomStore, fate: Fate
) -> None:
    writer = instances.writer(proxy.connection_string, append_seconds=1.0)
    proxy.all_fail = fate
    began = time.monotonic()

    with pytest.raises(StorageUnavailable) as refusal:
        await writer.append(new_message("m1"))

    assert time.monotonic() - began < 1.0 + TOLERANCE_SECONDS
    assert refusal.value.code == "storage_unavailable"
    assert isinstance(refusal.value.__cause__, StorageUnavailable)  # the log shows it
    proxy.all_fail = None
    assert await read_log(store) == {}
    assert (await writer.append(new_message("m2"))).message.seq == 1


async def test_a_storage_that_cannot_be_reached_is_told_in_time(instances: Instances) -> None:
    unreachable = "AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/devstoreaccount1;"
    writer = instances.writer(unreachable, append_seconds=0.5)
    began = time.monotonic()

    with pytest.raises(StorageUnavailable):
        await writer.append(new_message("m1"))

    assert time.monotonic() - began < 0.5 + TOLERANCE_SECONDS
    assert APPEND_SECONDS == 5.0


@pytest.mark.parametrize("fate", CARRIED_OUT)
async def test_an_entry_that_is_not_found_in_time_is_found_by_the_next_try_with_its_id(
    instances: Instances, proxy: TableProxy, store: RoomStore, fate: Fate
) -> None:
    writer = instances.writer(proxy.connection_string, append_seconds=1.0)
    await writer.append(new_message("m0"))
    proxy.fates.append(fate)

    async def break_reads(_: int) -> None:
        proxy.read_fates.extend([Fate.FAIL] * 500)

    proxy.before_transaction = break_reads
    with pytest.raises(StorageUnavailable):
        await writer.append(new_message("m1", "the first"))
    proxy.read_fates.clear()
    proxy.before_transaction = None

    again = await writer.append(new_message("m1", "another text"))

    assert (again.message.text, again.message.seq, again.is_new) == ("the first", 2, False)
    assert list(await read_log(store)) == ["m0", "m1"]


async def test_a_transaction_that_is_carried_out_after_its_caller_gave_up_waiting_is_no_second_entry(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    """The first try's answer does not come in time; it is carried out right before the second try."""
    gate = Gate()

    async def hold_the_first(number: int) -> None:
        if number == 1:
            await gate.wait()
        if number == 2:
            gate.open()
            await until(lambda: is_stored(store))

    proxy.before_transaction = hold_the_first
    appended = await writer.append(new_message("m1"))

    assert appended.entry
    assert (appended.entry.seq, appended.is_new) == (1, False)
    assert list(await read_log(store)) == ["m1"]


async def is_stored(store: RoomStore) -> bool:
    return (await store.read_head(ROOM)).seq == 1


async def test_a_repeated_id_whose_entry_cannot_be_read_at_once_is_found_a_moment_later(
    instances: Instances, writer: RoomWriter, proxy: TableProxy, table_storage: TableStorage
) -> None:
    other = instances.writer(table_storage.connection_string)
    await writer.append(new_message("m0"))
    stored = await other.append(new_message("m1"))
    await writer.append(new_message("m2"))

    async def break_reads(_: int) -> None:
        proxy.read_fates.extend([Fate.FAIL] * 3)
        proxy.before_transaction = None

    proxy.before_transaction = break_reads
    again, new = await asyncio.gather(writer.append(new_message("m1")), writer.append(new_message("m3")))

    assert (again.entry, again.message) == (stored.entry, stored.message)
    assert new.message.seq == 4


async def test_an_index_row_without_its_entry_is_no_endless_loop(
    instances: Instances, proxy: TableProxy, store: RoomStore
) -> None:
    writer = instances.writer(proxy.connection_string, append_seconds=0.5)
    await writer.append(new_message("m1"))
    await store.tables.delete(TABLE, ROOM, entry_key(1))
    proxy.transactions = 0

    with pytest.raises(StorageUnavailable):
        await writer.append(new_message("m1"))

    assert proxy.transactions < 200
    assert (await writer.append(new_message("m2"))).message.seq == 2


def random_request(chance: random.Random, name: str, number: int) -> MessageRequest:
    """Return a request with an id of its own, of one of few messages."""
    user, target = chance.choice(("ana", "bo")), f"w{chance.randrange(3)}-{chance.randrange(number + 1)}"
    identity = f"{name}-{number}"
    kind = chance.randrange(6)
    if kind < 3:
        return NewMessage(identity, user, f"text {number}", None, target if kind == 0 else None)
    if kind == 3:
        return EditMessage(id=identity, user=user, target=target, text=f"edit {identity}", admin=True)
    if kind == 4:
        return SetReaction(id=identity, user=user, target=target, emoji="👍", on=chance.random() < 0.7)
    return DeleteMessage(id=identity, user=user, target=target, admin=True)


@pytest.mark.parametrize("seed", range(4))
async def test_under_random_faults_of_storage_the_log_is_what_was_acknowledged(
    instances: Instances, proxy: TableProxy, store: RoomStore, seed: int
) -> None:
    """Three instances append; a request that was refused is sent once more, as a client does."""
    chance = random.Random(seed)
    fates = [Fate.PASS] * 12 + [*CARRIED_OUT, *NOT_CARRIED_OUT]
    proxy.fates += [chance.choice(fates) for _ in range(1000)]
    sent: dict[str, MessageRequest] = {}
    told: dict[str, Appended | ChatError] = {}

    async def talk(name: str, writer: RoomWriter) -> None:
        for begin in range(0, 40, 4):
            batch = [random_request(chance, name, number) for number in range(begin, begin + 4)]
            sent.update({request.id: request for request in batch})
            for _ in range(2):
                failed = [request for request in batch if not isinstance(told.get(request.id), Appended)]
                outcomes = await asyncio.gather(*(append(writer, request) for request in failed))
                told.update(dict(zip([request.id for request in failed], outcomes, strict=True)))

    writers = [instances.writer(proxy.connection_string, append_seconds=30) for _ in range(3)]
    await asyncio.gather(*(talk(f"w{number}", writer) for number, writer in enumerate(writers)))

    log = await read_log(store)
    # Each acknowledged entry is in the log as it was told, and nothing else is there.
    entries = [outcome.entry for outcome in told.values() if isinstance(outcome, Appended)]
    acknowledged = {entry.id: entry for entry in entries if entry is not None}
    assert acknowledged == {identity: entry for identity, (entry, _) in log.items()}
    assert len(log) > 20
    # The messages are what the entries make of them, one after the other.
    replayed = MemoryLog()
    for identity, (entry, _) in log.items():
        replayed.append([sent[identity]], entry.at)
    assert list(replayed.entries.values()) == [entry for entry, _ in log.values()]
    assert all(replayed.messages[message.id] == message for _, message in log.values())


async def append(writer: RoomWriter, request: MessageRequest) -> Appended | ChatError:
    try:
        return await writer.append(request)
    except ChatError as error:
        return error
