"""A writer of a room to which other instances append too: turns, and what a lost race costs."""

import asyncio
import gc
import time

import pytest

from chat.room_log.append_plan import Appended
from chat.room_log.contention import TURNS
from chat.room_log.moderation_acts import Act
from chat.room_log.store import RoomStore
from chat.room_log.writer import RoomWriter
from local_azure.pytest_plugin import TableStorage
from tests.chat.local_chat import until
from tests.chat.room_log.requests import act, new_message
from tests.chat.room_log.table_proxy import Fate, Gate, TableProxy
from tests.chat.room_log.test_writer import read_log, seq_of


async def test_who_won_after_a_lost_race_leaves_the_others_a_turn_and_appends_more_at_once(
    writer: RoomWriter, other: RoomWriter, proxy: TableProxy, table_storage: TableStorage
) -> None:
    """Who wins knows the head, and the others have to read it: without turns, the winner would win again and again."""
    delay_calls(table_storage, 20)
    await writer.append(new_message("m1"))
    await other.append(new_message("m2"))
    await writer.append(new_message("m3"))
    lost, won = proxy.transactions, time.monotonic()

    appended = await asyncio.gather(*(writer.append(new_message(f"m{number}")) for number in (4, 5, 6)))

    assert lost == 3
    assert time.monotonic() - won >= TURNS * 0.02
    assert ([seq_of(each) for each in appended], proxy.transactions) == ([4, 5, 6], 4)


def delay_calls(storage: TableStorage, milliseconds: int) -> None:
    """Let every call to the storage take so much longer."""
    storage.call(lambda: storage.service.faults.add(f"delay storage {milliseconds}ms for=60s"))


async def lose_a_race(writer: RoomWriter, other: RoomWriter) -> None:
    """Append three messages, so that the writer loses a race for the third: it knows then that another one appends."""
    await writer.append(new_message("m1"))
    await other.append(new_message("m2"))
    await writer.append(new_message("m3"))
    await until(lambda: writer.is_idle)


async def test_while_others_append_too_a_lost_race_costs_one_round_trip(
    writer: RoomWriter, other: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    """The head is read together with the transaction: after a refusal, the next transaction follows at once."""
    await lose_a_race(writer, other)
    is_stored = Gate()
    heads, turn, refused = proxy.head_reads, proxy.reads + 1, proxy.transactions + 1

    async def append_another(_: int) -> None:
        proxy.before_transaction = None
        await until(lambda: proxy.reads == turn + 1)
        await other.append(new_message("m4"))
        is_stored.open()

    async def hold_the_second(number: int) -> None:
        if number == turn + 1:
            await is_stored.wait()

    proxy.before_transaction, proxy.before_read = append_another, hold_the_second
    await writer.append(new_message("m5"))
    await until(lambda: writer.is_idle)

    # The head at its turn, and one beside each of the two transactions.
    assert (proxy.head_reads, proxy.reads, proxy.transactions) == (heads + 3, turn + 2, refused + 1)
    assert [identity for _, identity in await read_log(store)] == ["m1", "m2", "m3", "m4", "m5"]


async def test_a_head_that_was_read_before_the_other_append_is_read_again(
    writer: RoomWriter, other: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    await lose_a_race(writer, other)
    early, refused = proxy.reads + 2, proxy.transactions + 1

    async def append_another(_: int) -> None:
        proxy.before_transaction = None
        await until(lambda: proxy.reads_done == early)
        await other.append(new_message("m4"))

    proxy.before_transaction = append_another
    await writer.append(new_message("m5"))
    await until(lambda: writer.is_idle)

    assert (proxy.reads, proxy.transactions) == (early + 2, refused + 1)
    assert [identity for _, identity in await read_log(store)] == ["m1", "m2", "m3", "m4", "m5"]


async def test_a_refusal_is_judged_by_a_head_that_was_read_after_the_request_came(
    writer: RoomWriter, other: RoomWriter, proxy: TableProxy
) -> None:
    """What was read together with a transaction is older than a request that came meanwhile: the room was closed."""
    await lose_a_race(writer, other)
    is_closed = Gate()
    turn = proxy.reads + 1
    later: list[asyncio.Task[Appended]] = []

    async def close_for_a_moment(_: int) -> None:
        proxy.before_transaction = None
        await other.moderate(act("a1", Act.CLOSE, user="root", admin=True))
        is_closed.open()
        await until(lambda: proxy.reads_done > turn)
        await other.moderate(act("a2", Act.OPEN, user="root", admin=True))
        later.append(asyncio.create_task(writer.append(new_message("m5"))))
        await asyncio.sleep(0)

    async def hold_the_second(number: int) -> None:
        if number == turn + 1:
            await is_closed.wait()

    proxy.before_transaction, proxy.before_read = close_for_a_moment, hold_the_second

    assert seq_of(await writer.append(new_message("m4"))) == 6
    assert seq_of(await later[0]) == 7


async def test_a_read_that_fails_beside_a_transaction_does_not_touch_it(
    writer: RoomWriter, other: RoomWriter, proxy: TableProxy, caplog: pytest.LogCaptureFixture
) -> None:
    await lose_a_race(writer, other)
    proxy.read_fates += [Fate.PASS, *[Fate.FAIL] * 3]

    assert seq_of(await writer.append(new_message("m4"))) == 4
    await until(lambda: writer.is_idle)
    gc.collect()  # asyncio logs an exception that nobody asked for when its task is freed

    assert not caplog.records
    assert seq_of(await writer.append(new_message("m5"))) == 5
