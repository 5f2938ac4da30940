"""A room's log does not depend on the order or number of deliveries, and never exceeds its limit."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.lines import Line, Quote
from chat.message_ids import derived_id
from chat.messages.parse import QUOTE_LENGTH
from chat.room_log import model
from chat.room_log.codec import apply_operation, decode_log, encode_change, encode_entry, encode_line, encode_log
from chat.room_log.model import MAX_MESSAGES, MAX_STATE_BYTES, Change, Deleted, Edited, Entry, Reacted, RoomLog
from chat.settings import MAX_MESSAGE_BYTES

USERS = ("ana", "bo")
IDS = {derived_id(user, str(number)): user for user in USERS for number in range(4)}
Operation = Line | Change

times = st.integers(min_value=1, max_value=9)
texts = st.text(min_size=1, max_size=8)
lines = st.builds(lambda i, text, at: Line(i, "lobby", IDS[i], text, at), st.sampled_from(sorted(IDS)), texts, times)
ids, users = st.sampled_from(sorted(IDS)), st.sampled_from(USERS)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Edited, ids, users, texts, times, st.booleans()),
    st.builds(Deleted, ids, users, times, st.booleans()),
    st.builds(Reacted, ids, users, st.sampled_from("👍🎉"), times, on=st.booleans()),
)


def after(operations: list[Operation], log: RoomLog | None = None) -> RoomLog:
    """Apply operations as the entity does: stored and read again between any two."""
    log = log or RoomLog()
    for operation in operations:
        name, content = ("say", encode_line(operation)) if isinstance(operation, Line) else encode_change(operation)
        log = apply_operation(
            decode_log(json.loads(json.dumps(encode_log(log)))), name, json.loads(json.dumps(content))
        )
    return log


def shuffled(data: st.DataObject, operations: list[Operation]) -> list[Operation]:
    """Any order of the operations, some of them several times."""
    repeated = operations + data.draw(st.lists(st.sampled_from(operations), max_size=6)) if operations else []
    return data.draw(st.permutations(repeated))


def shown(log: RoomLog) -> list[tuple[object, ...]]:
    return [
        (entry.id, entry.at, entry.text, entry.edited_at, entry.deleted_at, entry.shown_reactions)
        for entry in log.messages()
    ]


def state_bytes(log: RoomLog) -> int:
    return len(json.dumps(encode_log(log)))


@settings(max_examples=300)
@given(st.lists(st.one_of(lines, changes), max_size=12), st.data())
def test_any_order_and_repetition_ends_in_the_same_state(operations: list[Operation], data: st.DataObject) -> None:
    assert encode_log(after(operations)) == encode_log(after(shuffled(data, operations)))


long_texts = st.integers(min_value=1, max_value=4096).map(lambda length: "x" * length)


@settings(max_examples=100)
@given(st.lists(st.tuples(long_texts, st.none() | long_texts), min_size=5, max_size=20), st.data())
def test_what_is_forgotten_does_not_depend_on_the_order_either(
    said: list[tuple[str, str | None]], data: st.DataObject
) -> None:
    operations: list[Operation] = []
    for number, (text, edit) in enumerate(said):
        message = derived_id("ana", str(number))
        operations.append(Line(message, "lobby", "ana", text, 1000 + number))
        if edit is not None:
            operations.append(Edited(message, "ana", edit, 2000 + number))

    in_order, in_disorder = after(operations), after(said_first(data, operations))

    assert shown(in_order) == shown(in_disorder)
    assert state_bytes(in_disorder) <= MAX_STATE_BYTES


def said_first(data: st.DataObject, operations: list[Operation]) -> list[Operation]:
    """Any order in which the changes that must wait fit into their budget: here, none has to wait."""
    mixed = data.draw(st.permutations(operations))
    waiting: dict[str, list[Operation]] = {}
    ordered: list[Operation] = []
    spoken: set[str] = set()
    for operation in mixed:
        if isinstance(operation, Line):
            spoken.add(operation.id)
            ordered += [operation, *waiting.pop(operation.id, [])]
        elif operation.id in spoken:
            ordered.append(operation)
        else:
            waiting.setdefault(operation.id, []).append(operation)
    return ordered


wide = st.builds(str.__mul__, st.sampled_from('a"\\é漢😀\n'), st.integers(min_value=1, max_value=1500))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), wide, st.integers(0, 3), times), min_size=20, max_size=120))
def test_the_state_never_exceeds_its_bound(steps: list[tuple[int, str, int, int]]) -> None:
    log = RoomLog()
    for number, text, kind, at in steps:
        message = derived_id("ana", str(number))
        operation: Operation
        if kind == 0:
            operation = Edited(message, "ana", text, at)
        elif kind == 1:
            operation = Reacted(message, text[:64], text[:4], at, on=True)
        else:
            operation = Line(message, "lobby", text[:64], text, at)
        log = after([operation], log)

        assert state_bytes(log) <= MAX_STATE_BYTES


def test_every_budget_is_held_by_itself() -> None:
    """The property above rarely fills all three at once; here each is driven over its limit."""
    messages = [derived_id("ana", str(number)) for number in range(300)]
    talk = after([Line(message, "lobby", "ana", "😀" * 300, at) for at, message in enumerate(messages, 1)])
    cheers = after([Line(messages[0], "lobby", "ana", "x", 1)])
    cheers = after(
        [Reacted(messages[0], f"{number:03}" + "😀" * 60, "😀" * 8, 2, on=True) for number in range(60)], cheers
    )
    waiting = after([Edited(message, "ana", "😀" * 300, at) for at, message in enumerate(messages[:60], 1)])

    assert 1 < len(talk.entries) < 20
    assert 1 < len(cheers.entries[messages[0]].reactions) < 20
    assert 1 < len(waiting.entries) < 20
    assert max(state_bytes(talk), state_bytes(cheers), state_bytes(waiting)) < 27_000


def test_what_was_forgotten_does_not_come_back_with_a_late_delivery() -> None:
    """A long edit made the first message leave; without it, a second delivery would seem to fit."""
    first, second = (Line(derived_id("ana", text), "lobby", "ana", text, at) for at, text in enumerate(["a", "b"], 1))
    long = [Edited(line.id, "ana", "é" * 2300, 3) for line in (first, second)]

    log = after([first, second, *long])
    again = after([first], log)

    assert [entry.id for entry in log.messages()] == [entry.id for entry in again.messages()] == [second.id]


def test_the_budgets_add_up_to_the_bound_with_the_largest_single_reaction() -> None:
    largest = model.reaction_weight(("😀" * 8, "😀" * 64))

    total = model.TEXT_BYTES + model.REACTION_BYTES + largest + model.WAITING_BYTES

    assert total + 200 <= MAX_STATE_BYTES


def test_a_message_of_the_highest_limit_fits_with_the_longest_quote() -> None:
    quote = Quote(derived_id("bo", "1"), "😀" * 64, "😀" * QUOTE_LENGTH)
    text = "é" * (MAX_MESSAGE_BYTES // 2)
    log = RoomLog().add_message(Line(derived_id("ana", "1"), "lobby", "😀" * 64, text, 1, reply_to=quote))

    assert [entry.text for entry in log.messages()] == [text]


def test_the_oldest_messages_leave_first() -> None:
    said: list[Operation] = [
        Line(derived_id("ana", str(n)), "lobby", "ana", "x", 1000 + n) for n in range(MAX_MESSAGES + 5)
    ]

    log = after(said)

    kept = [entry.at for entry in log.messages()]
    assert kept == list(range(kept[0], 1000 + MAX_MESSAGES + 5))
    assert 100 <= len(kept) <= MAX_MESSAGES


@given(st.permutations([0, 1, 2]))
def test_an_edit_and_a_reaction_that_come_before_their_message_are_not_lost(order: list[int]) -> None:
    message = derived_id("ana", "1")
    operations: list[Operation] = [
        Line(message, "lobby", "ana", "teh", 1),
        Edited(message, "ana", "the", 2),
        Reacted(message, "bo", "👍", 3, on=True),
    ]

    (entry,) = after([operations[number] for number in order]).messages()

    assert (entry.text, entry.edited_at, entry.shown_reactions) == ("the", 2, {"👍": ["bo"]})


def test_a_deletion_that_comes_before_its_message_leaves_a_tombstone() -> None:
    message = derived_id("ana", "1")

    (entry,) = after([Deleted(message, "ana", 2), Line(message, "lobby", "ana", "oops", 1)]).messages()

    assert (entry.text, entry.deleted_at) == ("", 2)
    assert "oops" not in json.dumps(encode_log(RoomLog({entry.id: entry})))


def test_only_the_author_and_admins_change_a_message() -> None:
    line = Line(derived_id("ana", "1"), "lobby", "ana", "mine", 1)

    by_another = after([line, Edited(line.id, "bo", "yours", 2), Deleted(line.id, "bo", 3)])
    by_an_admin = after([line, Edited(line.id, "bo", "ours", 2, admin=True)])

    assert [entry.text for entry in by_another.messages()] == ["mine"]
    assert [entry.text for entry in by_an_admin.messages()] == ["ours"]


def test_a_user_counts_once_in_a_reaction() -> None:
    line = Line(derived_id("ana", "1"), "lobby", "ana", "hi", 1)
    log = after([line, Reacted(line.id, "bo", "👍", 2, on=True), Reacted(line.id, "bo", "👍", 3, on=True)])

    assert log.messages()[0].shown_reactions == {"👍": ["bo"]}
    assert after([Reacted(line.id, "bo", "👍", 4, on=False)], log).messages()[0].shown_reactions == {}


def test_of_two_deliveries_the_earlier_time_counts() -> None:
    early, late = (Line(derived_id("ana", "1"), "lobby", "ana", "hi", at) for at in (5, 9))

    assert [entry.at for entry in after([late, early, late]).messages()] == [5]


def test_of_two_deletions_the_earlier_time_counts() -> None:
    line = Line(derived_id("ana", "1"), "lobby", "ana", "hi", 1)
    early, late = (Deleted(line.id, "ana", at) for at in (5, 9))

    for order in ([early, late], [late, early]):
        assert [entry.deleted_at for entry in after([line, *order]).messages()] == [5]


def test_an_entry_never_weighs_less_than_it_takes() -> None:
    moment = 9_999_999_999_999
    quote = Quote(derived_id("b", "1"), "bo", "yes")
    entry = Entry(derived_id("a", "1"), "é" * 64, moment, "x" * 99_998, moment, moment, 100_000, "m-1", quote)

    assert len(json.dumps(encode_entry(entry))) + 2 <= entry.weight
