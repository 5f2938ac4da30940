"""One transaction carries out several requests: numbers, times, repeated ids, and refusals that touch nobody else."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chat.errors import ChatError
from chat.room_log.append_plan import MAX_REQUESTS, Appended, plan_append
from chat.room_log.model import Head, Kind, Request, UnknownMessage
from tests.chat.room_log.requests import MemoryLog, batches, clocks, delete, edit, new_message, react, requests


@given(batches)
def test_any_grouping_of_requests_into_transactions_gives_the_same_log(grouped: list[list[Request]]) -> None:
    together, alone = MemoryLog(), MemoryLog()
    for batch in grouped:
        together.append(batch)
        for request in batch:
            alone.append([request])

    assert list(together.entries.values()) == list(alone.entries.values())
    assert together.messages == alone.messages
    assert together.head == alone.head


@given(st.lists(st.tuples(st.lists(requests, min_size=1, max_size=8), clocks), max_size=8))
def test_numbers_have_no_gap_and_times_grow_with_them_whatever_the_clock_says(
    turns: list[tuple[list[Request], int]],
) -> None:
    log = MemoryLog()
    for batch, now in turns:
        log.append(batch, now)

    entries = list(log.entries.values())
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    times = [entry.at for entry in entries]
    assert times == sorted(set(times))
    assert (log.head.seq, log.head.at) == (len(entries), times[-1] if times else 0)


@given(batches)
def test_a_version_is_the_number_of_the_newest_entry_that_changed_the_message(grouped: list[list[Request]]) -> None:
    log = MemoryLog()
    for batch in grouped:
        log.append(batch)

    for message in log.messages.values():
        entries = [entry for entry in log.entries.values() if entry.message_id == message.id]
        assert message.version == max(entry.seq for entry in entries)
        assert message.seq == min(entry.seq for entry in entries)
        assert {entry.message_seq for entry in entries} == {message.seq}


@given(batches)
def test_every_entry_counts_the_messages_up_to_it(grouped: list[list[Request]]) -> None:
    log, count = MemoryLog(), 0
    for batch in grouped:
        log.append(batch)

    for entry in log.entries.values():
        count += entry.kind is Kind.MESSAGE
        assert entry.count == count
    assert log.head.messages == count
    assert sorted(message.count for message in log.messages.values()) == list(range(1, count + 1))


@given(st.lists(requests, max_size=20), st.lists(requests, max_size=MAX_REQUESTS))
def test_a_batch_fits_into_a_transaction_and_names_each_row_once(before: list[Request], batch: list[Request]) -> None:
    log = MemoryLog()
    log.append(before)

    plan = plan_append("lobby", log.head, log.messages, batch, 0)

    assert 1 + 2 * len(plan.entries) + len(plan.changed) <= 100
    assert {entry.seq for entry in plan.entries} & {message.seq for message in plan.changed.values()} == set()


def test_33_changes_of_33_messages_are_one_hundred_operations() -> None:
    log = MemoryLog()
    for number in range(MAX_REQUESTS):
        log.append([new_message(f"m{number}")])

    plan = plan_append("lobby", log.head, log.messages, [react(f"c{n}", f"m{n}") for n in range(MAX_REQUESTS)], 0)

    assert 1 + 2 * len(plan.entries) + len(plan.changed) == 100


def test_a_clock_that_goes_back_does_not_take_the_times_back() -> None:
    log = MemoryLog()

    log.append([new_message("m1")], now=5000)
    log.append([new_message("m2"), new_message("m3")], now=10)
    log.append([new_message("m4")], now=9000)

    assert [entry.at for entry in log.entries.values()] == [5000, 5001, 5002, 9000]


def outcomes_of(batch: Sequence[Request], log: MemoryLog | None = None) -> list[object]:
    """Return the code of each refusal, and the number of each entry (None: nothing changed)."""
    outcomes = (log or MemoryLog()).append(batch)
    return [
        outcome.code if isinstance(outcome, ChatError) else outcome.entry and outcome.entry.seq for outcome in outcomes
    ]


def test_a_request_that_comes_twice_in_a_batch_is_one_entry() -> None:
    log = MemoryLog()

    batch: list[Request] = [
        new_message("m1", "one"),
        new_message("m2"),
        new_message("m1", "another text"),
        new_message("m3"),
    ]

    assert outcomes_of(batch, log) == [1, 2, 1, 3]
    assert (log.messages["m1"].text, log.head.messages) == ("one", 3)


def test_a_refused_request_does_not_touch_the_others_of_its_batch() -> None:
    batch: list[Request] = [
        new_message("m1"),
        edit("c1", "m1", "not mine", user="bo"),
        react("c2", "unknown"),
        new_message("m2", answers="unknown"),
        new_message("m3"),
        react("c3", "m1", user="bo"),
    ]

    assert outcomes_of(batch) == [1, "not_yours", "unknown_message", "unknown_message", 2, 3]


def test_a_request_sees_what_the_one_before_it_in_the_batch_did() -> None:
    log = MemoryLog()
    batch: list[Request] = [
        new_message("m1", "teh"),
        edit("c1", "m1", "tea"),
        new_message("m2", answers="m1"),
        delete("c2", "m1"),
        delete("c3", "m1"),
        react("c4", "m1"),
    ]

    assert outcomes_of(batch, log) == [1, 2, 3, 4, None, "unknown_message"]
    quote = log.messages["m2"].reply_to
    assert quote
    assert quote.text == "tea"
    assert log.plans[0].changed == {}


def test_a_request_that_was_refused_may_come_again_in_the_same_batch() -> None:
    assert outcomes_of([react("c1", "m1"), new_message("m1"), react("c1", "m1")]) == ["unknown_message", 1, 2]


def test_a_plan_without_an_entry_leaves_the_head_as_it_is() -> None:
    head = Head(7, 3, 1000, 2, "etag")

    plan = plan_append("lobby", head, {}, [react("c1", "unknown")], 2000)

    assert (plan.head, plan.entries, plan.created, plan.changed) == (head, [], {}, {})
    assert isinstance(plan.outcomes[0], UnknownMessage)


def test_what_retention_removed_stays_removed() -> None:
    plan = plan_append("lobby", Head(7, 3, 1000, 6, "etag"), {}, [new_message("m1")], 2000)

    assert (plan.head.first, plan.head.etag, plan.head.messages) == (6, "etag", 4)
    assert isinstance(plan.outcomes[0], Appended)
