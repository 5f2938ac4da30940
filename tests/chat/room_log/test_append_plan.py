"""One transaction carries out several requests: numbers, times, repeated ids, and refusals that touch nobody else."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chat.errors import ChatError
from chat.room_log.append_plan import MAX_REQUESTS, MAX_SPEAKERS, Appended, Moderated, plan_append
from chat.room_log.model import Head, Kind, Request, UnknownMessage
from chat.room_log.moderation_acts import Act
from chat.room_log.rows import encode_changed_rules, encode_head
from chat.room_log.rules import Role, RoomKind, SlowMode
from tests.chat.room_log.requests import (
    MemoryLog,
    act,
    acts,
    clocks,
    create,
    delete,
    edit,
    moderated_batches,
    new_message,
    react,
    requests,
)


@given(moderated_batches)
def test_any_grouping_of_requests_into_transactions_gives_the_same_log(grouped: list[list[Request]]) -> None:
    together, alone = MemoryLog(), MemoryLog()
    for batch in grouped:
        together.append(batch)
        for request in batch:
            alone.append([request])

    assert list(together.entries.values()) == list(alone.entries.values())
    assert together.messages == alone.messages
    assert together.head == alone.head


@given(st.lists(st.tuples(st.lists(st.one_of(requests, acts), min_size=1, max_size=8), clocks), max_size=8))
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


@given(moderated_batches)
def test_a_version_is_the_number_of_the_newest_entry_that_changed_the_message(grouped: list[list[Request]]) -> None:
    log = MemoryLog()
    for batch in grouped:
        log.append(batch)

    for message in log.messages.values():
        entries = [entry for entry in log.entries.values() if entry.message_id == message.id]
        assert message.version == max(entry.seq for entry in entries)
        assert message.seq == min(entry.seq for entry in entries)
        assert {entry.message_seq for entry in entries} == {message.seq}


@given(moderated_batches)
def test_every_entry_counts_the_messages_up_to_it(grouped: list[list[Request]]) -> None:
    log, count = MemoryLog(), 0
    for batch in grouped:
        log.append(batch)

    for entry in log.entries.values():
        count += entry.kind is Kind.MESSAGE
        assert entry.count == count
    assert log.head.messages == count
    assert sorted(message.count for message in log.messages.values()) == list(range(1, count + 1))


@given(st.lists(requests, max_size=20), st.lists(st.one_of(requests, acts), max_size=MAX_REQUESTS))
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


def test_a_ban_and_the_banned_users_message_in_one_transaction_are_judged_in_their_order() -> None:
    batch: list[Request] = [
        create("ana"),
        new_message("m1", user="bo"),
        act("a1", Act.BAN, "bo"),
        new_message("m2", user="bo"),
        edit("c1", "m1", "later", user="bo"),
        react("c2", "m1", user="bo"),
        delete("c3", "m1", user="bo"),
        act("a2", Act.UNBAN, "bo"),
        new_message("m3", user="bo"),
    ]

    assert outcomes_of(batch) == [1, 2, 3, "banned", "banned", "banned", "banned", 4, 5]


def test_a_mute_takes_what_is_said_and_changed_but_not_what_is_taken_back() -> None:
    batch: list[Request] = [
        create("ana"),
        new_message("m1", user="bo"),
        act("a1", Act.MUTE, "bo"),
        new_message("m2", user="bo"),
        edit("c1", "m1", "later", user="bo"),
        react("c2", "m1", user="bo"),
        delete("c3", "m1", user="bo"),
        act("a2", Act.UNMUTE, "bo"),
        new_message("m3", user="bo"),
    ]

    assert outcomes_of(batch) == [1, 2, 3, "muted", "muted", "muted", 4, 5, 6]


def test_who_was_kicked_says_nothing_on_the_connection_of_before_and_may_join_again() -> None:
    before, after = [replace(new_message(name, user="bo"), joined_seq=seq) for name, seq in (("m1", 1), ("m2", 2))]

    assert outcomes_of([create("ana"), act("a1", Act.KICK, "bo"), before, after]) == [1, 2, "not_in_room", 3]


def test_a_closed_room_takes_the_words_of_its_moderators_only() -> None:
    batch: list[Request] = [
        create("ana"),
        act("a1", Act.ROLE, "cy", role=Role.MODERATOR),
        act("a2", Act.CLOSE, user="cy"),
        new_message("m1", user="bo"),
        new_message("m2", user="cy"),
        new_message("m3", user="ana"),
        act("a3", Act.OPEN, user="bo"),
        act("a4", Act.OPEN, user="cy"),
        new_message("m4", user="bo"),
    ]

    assert outcomes_of(batch) == [1, 2, 3, "room_closed", 4, 5, "not_allowed", 6, 7]


def test_in_slow_mode_a_user_waits_and_the_others_and_moderators_do_not() -> None:
    log = MemoryLog()
    log.append([create("ana"), act("a1", Act.SLOW, seconds=30)], now=1000)

    assert outcomes_of([new_message("m1", user="bo"), new_message("m2", user="cy")], log) == [3, 4]
    assert outcomes_of([new_message("m3", user="bo"), new_message("m4"), new_message("m5")], log) == ["slow_mode", 5, 6]
    refused = plan_append("lobby", log.head, {}, [new_message("m6", user="bo")], log.head.at + 10_000).outcomes[0]
    assert isinstance(refused, SlowMode)
    assert refused.retry_after is not None
    assert 19 < refused.retry_after < 21
    log.append([new_message("m7", user="bo")], now=log.head.at + 31_000)
    assert "m7" in log.messages
    log.append([act("a2", Act.SLOW, seconds=0)])
    assert log.head.spoke == {}


def test_the_list_of_who_spoke_when_fits_into_one_property() -> None:
    log = MemoryLog()
    log.append([create("ana"), act("a1", Act.SLOW, seconds=21_600)], now=1_769_860_800_000)
    for begin in range(0, MAX_SPEAKERS + 50, MAX_REQUESTS):
        log.append([new_message(f"m{n}", user=f"user {n}") for n in range(begin, begin + MAX_REQUESTS)])

    written = encode_changed_rules(Head(), log.head)["spoke"]

    assert len(log.head.spoke) == MAX_SPEAKERS
    assert 2 * len(written) <= 64 * 1024


def test_33_acts_are_67_operations_and_write_the_rules_once() -> None:
    log = MemoryLog()
    log.append([create("ana")])

    plan = plan_append("lobby", log.head, {}, [act(f"a{n}", Act.MUTE, f"user {n}") for n in range(MAX_REQUESTS)], 0)

    assert 1 + 2 * len(plan.entries) + len(plan.changed) == 67
    assert len(plan.head.rules.muted) == MAX_REQUESTS
    assert set(encode_head("lobby", plan.head) | encode_changed_rules(plan.before, plan.head)) >= {"seq", "rules"}


def test_an_act_that_changes_nothing_has_no_entry() -> None:
    batch: list[Request] = [
        create("ana"),
        act("a1", Act.OPEN),
        act("a2", Act.UNMUTE, "bo"),
        act("a3", Act.UNBAN, "bo"),
        act("a4", Act.SLOW, seconds=0),
        act("a5", Act.UNPIN, message="m1"),
        new_message("m1"),
    ]

    assert outcomes_of(batch) == [1, None, None, None, None, None, 2]


def test_only_a_message_that_is_there_can_be_pinned() -> None:
    batch: list[Request] = [
        create("ana"),
        act("a1", Act.PIN, message="m1"),
        new_message("m1"),
        act("a2", Act.PIN, message="m1"),
        act("a3", Act.PIN, message="m1"),
        delete("c1", "m1"),
        act("a4", Act.PIN, message="m1"),
    ]
    log = MemoryLog()

    assert outcomes_of(batch, log) == [1, "unknown_message", 2, 3, None, 4, "unknown_message"]
    assert log.head.rules.pinned == ("m1",)


def test_a_moderator_deletes_the_messages_of_others_and_edits_none_of_them() -> None:
    batch: list[Request] = [
        create("ana"),
        new_message("m1", user="bo"),
        edit("c1", "m1", "words that bo never said", user="ana"),
        delete("c2", "m1", user="cy"),
        delete("c3", "m1", user="ana"),
    ]

    assert outcomes_of(batch) == [1, 2, "not_yours", "not_yours", 3]


def test_an_admin_has_no_power_in_a_room_that_only_members_know() -> None:
    log = MemoryLog(room="~room")
    log.append([create("ana", RoomKind.PRIVATE), new_message("m1")])

    for request in (
        act("a1", Act.BAN, "ana", user="root", admin=True),
        edit("c1", "m1", "x", user="root", admin=True),
        new_message("m2", user="root"),
    ):
        assert outcomes_of([request], log) == ["unknown_room"]


def test_an_admin_who_is_a_member_changes_only_what_is_the_admins_own() -> None:
    log = MemoryLog(room="~room")
    log.append([create("ana", RoomKind.PRIVATE), new_message("m1"), act("a1", Act.INVITE, "root")])
    log.append([act("a2", Act.ACCEPT, user="root")])

    assert outcomes_of([edit("c1", "m1", "x", user="root", admin=True)], log) == ["not_yours"]
    assert outcomes_of([delete("c2", "m1", user="root", admin=True)], log) == ["not_yours"]
    assert outcomes_of([act("a3", Act.CLOSE, user="root", admin=True)], log) == ["not_allowed"]
    log.append([act("a4", Act.CLOSE)])
    assert outcomes_of([replace(new_message("m2", user="root"), admin=True)], log) == ["room_closed"]


def test_the_answer_to_an_act_has_the_rules_after_it() -> None:
    log = MemoryLog()
    log.append([create("ana")])

    first, second = log.append([act("a1", Act.MUTE, "bo"), act("a2", Act.MUTE, "cy")])

    assert isinstance(first, Moderated) and isinstance(second, Moderated)  # noqa: PT018
    assert first.rules and second.rules  # noqa: PT018
    assert (set(first.rules.muted), set(second.rules.muted)) == ({"bo"}, {"bo", "cy"})
    assert log.append([act("a1", Act.MUTE, "bo")]) == [Moderated(first.entry, None)]
