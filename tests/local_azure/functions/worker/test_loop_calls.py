"""Calls to the event loop of another thread: all arrive, in order, and a busy loop is not woken for each."""

import asyncio
import threading

from local_azure.functions.worker.loop_calls import LoopCalls


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts how often another thread wakes it."""

    wakes = 0

    def call_soon_threadsafe(self, *arguments, **options):  # type: ignore[no-untyped-def,override]
        self.wakes += 1
        return super().call_soon_threadsafe(*arguments, **options)


def test_every_call_from_many_threads_arrives_once_and_in_the_order_of_its_thread() -> None:
    async def receive() -> list[tuple[int, int]]:
        calls, received = LoopCalls(asyncio.get_running_loop()), list[tuple[int, int]]()
        everything = asyncio.Event()

        def note(thread: int, number: int) -> None:
            received.append((thread, number))
            if len(received) == 8 * 2_000:
                everything.set()

        def send(thread: int) -> None:
            for number in range(2_000):
                calls.call(note, thread, number)

        threads = [threading.Thread(target=send, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(everything.wait(), 30)
        return received

    received = asyncio.run(receive())

    for thread in range(8):
        assert [number for sender, number in received if sender == thread] == list(range(2_000))


def test_calls_that_come_before_the_loop_wakes_wake_it_once() -> None:
    loop = CountingLoop()
    calls, received = LoopCalls(loop), list[int]()
    for number in range(100):
        calls.call(received.append, number)

    loop.run_until_complete(asyncio.sleep(0))
    first = list(received)
    calls.call(received.append, 100)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    assert first == list(range(100))
    assert received == list(range(101))
    assert loop.wakes == 2


def test_a_call_to_a_closed_loop_does_nothing() -> None:
    loop = asyncio.new_event_loop()
    calls, received = LoopCalls(loop), list[int]()
    loop.close()

    calls.call(received.append, 1)

    assert received == []
