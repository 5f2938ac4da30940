from typing import Any

import pytest

from bench.fault_run.verdict import RoomLog, Sent, Verdict, differences, judge

Frame = dict[str, Any]


def line(seq: int, client_id: str, *, sender: str = "ana", **more: Any) -> Frame:
    fields = {"id": f"m{seq}", "room": "lobby", "from": sender, "sentAt": f"t{seq:04}", "seq": seq, "version": seq}
    return fields | {"message": client_id, "clientId": client_id} | more


def change(kind: str, seq: int, client_id: str, target: int, *, by: str = "ana", **more: Any) -> Frame:
    return {"type": kind, "id": f"m{target}", "seq": seq, "by": by, "clientId": client_id} | more


def said(
    client_id: str, outcome: Any = "acknowledged", *, user: str = "ana", kind: str = "message", **more: Any
) -> Sent:
    return Sent(user, "lobby", kind, client_id, outcome, **more)


def verdict_on(lines: list[Frame], sent: list[Sent], *, changes: tuple[Frame, ...] = (), **more: Any) -> Verdict:
    entries = sorted([*lines, *changes], key=lambda entry: int(entry["seq"]))
    head = more.get("head", max((entry["seq"] for entry in entries), default=0))
    log = RoomLog(more.get("history", lines), entries, head)
    return judge({"lobby": log}, sent, {"ana": {"lobby": more.get("screen", lines)}})


def test_a_log_that_holds_what_was_acknowledged_has_no_problem() -> None:
    verdict = verdict_on([line(1, "a"), line(2, "b")], [said("a"), said("b"), said("c", "failed")])

    assert (verdict.sent, verdict.acknowledged, verdict.failed) == (3, 2, 1)
    assert not verdict.problems


def test_what_was_told_to_have_failed_may_be_in_the_log() -> None:
    assert not verdict_on([line(1, "a")], [said("a", "failed")]).problems


@pytest.mark.parametrize(
    ("lines", "sent", "more", "problem"),
    [
        ([], [said("a")], {}, "lost"),
        ([line(1, "a"), line(2, "a")], [said("a")], {}, "doubled"),
        ([line(1, "a"), line(3, "b")], [said("a"), said("b")], {}, "gaps"),
        ([line(1, "a")], [said("a")], {"head": 2}, "gaps"),
        ([line(1, "a"), line(2, "b")], [said("a"), said("b")], {"head": 1}, "gaps"),
        ([line(1, "a"), line(2, "b")], [], {"history": [line(1, "a")], "screen": [line(1, "a")]}, "gaps"),
        ([line(1, "b"), line(2, "a")], [said("a"), said("b")], {}, "misordered"),
        ([line(1, "a"), line(2, "b", sentAt="t0000")], [], {}, "misordered"),
        ([line(1, "a")], [said("a")], {"screen": []}, "diverged"),
    ],
)
def test_each_problem_is_seen(lines: list[Frame], sent: list[Sent], more: Frame, problem: str) -> None:
    assert set(verdict_on(lines, sent, **more).problems) == {problem}


def test_a_sender_whose_failed_message_came_late_is_not_misordered() -> None:
    assert not verdict_on([line(1, "b"), line(2, "a")], [said("a", "failed"), said("b")]).problems


def test_an_acknowledged_change_has_an_entry() -> None:
    edit = said("e", kind="edit", target="m1")

    assert not verdict_on([line(1, "a")], [edit], changes=(change("edited", 2, "e", 1),)).problems
    assert verdict_on([line(1, "a")], [edit]).problems == {"lost": 1}


def test_a_change_that_changed_nothing_needs_no_entry() -> None:
    deleted = line(1, "a", deletedAt="t")

    assert not verdict_on([deleted], [said("d", kind="delete", target="m1")]).problems
    assert verdict_on([line(1, "a")], [said("d", kind="delete", target="m1")]).problems == {"lost": 1}


def test_a_reaction_without_an_entry_must_have_been_set_before() -> None:
    first, again = said("r1", kind="react", target="m1", emoji="👍"), said("r2", kind="react", target="m1", emoji="👍")
    removed = said("r3", kind="react", target="m1", emoji="👍", on=False)
    entries = (change("reaction", 2, "r1", 1), change("reaction", 3, "r3", 1))

    assert not verdict_on([line(1, "a")], [first, again, removed], changes=entries).problems
    assert verdict_on([line(1, "a")], [first, removed, again], changes=entries).problems == {"lost": 1}


@pytest.mark.parametrize(
    ("screen", "expected"),
    [
        ([line(1, "a"), line(2, "b")], []),
        ([line(2, "b"), line(1, "a")], ["the order is another"]),
        ([line(1, "a")], ["seq 2 is missing"]),
        ([line(1, "a"), line(2, "b"), line(3, "c")], ["seq 3 is not in the log"]),
        ([line(1, "a"), line(2, "b", message="B", editedAt="t")], ["seq 2 has another editedAt, message"]),
    ],
)
def test_what_differs_is_told_in_words(screen: list[Frame], expected: list[str]) -> None:
    assert differences([line(1, "a"), line(2, "b")], screen) == expected
