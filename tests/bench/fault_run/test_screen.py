import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bench.fault_run.screen import Screen

Frame = dict[str, Any]


def line(seq: int, text: str = "hello", *, version: int | None = None, **more: Any) -> Frame:
    fields = {"id": f"m{seq}", "room": "lobby", "from": "ana", "sentAt": f"t{seq:04}", "seq": seq, "message": text}
    return fields | {"version": version or seq} | more


def edited(seq: int, message_seq: int, text: str, *, version: int | None = None) -> Frame:
    fields = {"type": "edited", "room": "lobby", "id": f"m{message_seq}", "seq": seq, "messageSeq": message_seq}
    return fields | {"version": version or seq, "message": text, "by": "ana", "at": "t", "editedAt": f"e{seq}"}


def joined(*messages: Frame, head: int, before: int | None = None) -> Frame:
    return {"type": "joined", "room": "lobby", "messages": list(messages), "head": head, "first": 1, "before": before}


def since(*entries: Frame, after: int, head: int, first: int = 1) -> Frame:
    return {"type": "since", "room": "lobby", "after": after, "entries": list(entries), "head": head, "first": first}


def entered(head: int = 0) -> Screen:
    screen = Screen("lobby")
    screen.receive(joined(head=head))
    return screen


LOG = [
    line(1, "one"),
    line(2, "two"),
    edited(3, 1, "one!"),
    line(4, "four"),
    edited(5, 2, "two!"),
    edited(6, 1, "one!!"),
]
SHOWN = [("m1", "one!!", 6), ("m2", "two!", 5), ("m4", "four", 4)]


def texts(screen: Screen) -> list[tuple[str, str, int]]:
    return [(each["id"], each["message"], each["version"]) for each in screen.lines()]


@given(st.permutations(LOG), st.lists(st.sampled_from(LOG), max_size=4))
def test_every_order_of_arrival_shows_the_same(entries: list[Frame], repeated: list[Frame]) -> None:
    screen = entered()

    for frame in [*entries, *repeated]:
        screen.receive(frame)

    assert texts(screen) == SHOWN
    assert screen.question() is None


@given(st.sets(st.integers(0, len(LOG) - 1)))
def test_whatever_is_missed_is_asked_for_until_nothing_is(missed: set[int]) -> None:
    screen = entered()
    for place, frame in enumerate(LOG):
        if place not in missed:
            screen.receive(frame)
    screen.receive(
        {"type": "roster", "room": "lobby", "users": [], "count": 0, "head": len(LOG), "first": 1, "at": "t"}
    )

    while question := screen.question():
        until = question.get("until", len(LOG) + 1)
        entries = [entry for entry in LOG if question["seq"] < entry["seq"] < until][:2]
        assert entries
        screen.receive(since(*entries, after=question["seq"], head=len(LOG)))

    assert texts(screen) == SHOWN


def test_a_hole_is_asked_for_up_to_what_is_known_behind_it() -> None:
    screen = entered()
    screen.receive(line(1))
    screen.receive(line(5))

    assert screen.question() == {"seq": 1, "until": 5}


def test_a_head_that_is_further_is_asked_for() -> None:
    screen = entered(3)

    screen.receive({"type": "roster", "room": "lobby", "head": 7, "first": 1})

    assert screen.question() == {"seq": 3}


def test_a_page_that_could_not_be_read_leaves_the_screen_unread() -> None:
    screen = Screen("lobby")

    screen.receive({"type": "joined", "room": "lobby", "messages": [], "head": None, "before": None, "complete": False})

    assert screen.position is None
    assert screen.question() is None


def test_a_second_join_keeps_the_position_so_that_the_gap_is_asked_for() -> None:
    screen = entered()
    screen.receive(line(1))

    screen.receive(joined(line(9), head=9, before=9))

    assert screen.question() == {"seq": 1}


def test_older_pages_are_merged_with_changes_that_arrived_before_them() -> None:
    screen = Screen("lobby")
    screen.receive(joined(line(2), head=2, before=2))
    screen.receive(edited(3, 1, "changed"))

    screen.receive({"type": "history", "room": "lobby", "messages": [line(1)], "head": 3, "first": 1, "before": None})

    assert texts(screen) == [("m1", "changed", 3), ("m2", "hello", 2)]
    assert screen.older is None
    assert screen.question() is None


def test_an_older_state_of_a_message_does_not_replace_a_newer_one() -> None:
    for frames in itertools.permutations([line(1, "old"), line(1, "new", version=4, editedAt="e4")]):
        screen = entered()
        for frame in frames:
            screen.receive(frame)
        assert texts(screen) == [("m1", "new", 4)]


def test_a_field_that_is_absent_in_a_change_is_removed() -> None:
    screen = entered()
    screen.receive(line(1, reactions={"👍": ["bo"]}))

    screen.receive(edited(2, 1, ""))

    assert "reactions" not in screen.lines()[0]


def test_what_retention_removed_is_not_asked_for_again() -> None:
    screen = entered(2)
    screen.receive(since(line(8), line(9), after=2, head=9, first=8))

    assert screen.position == 9
    assert screen.question() is None
