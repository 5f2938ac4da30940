import itertools

from bench.load.people import Roster

T1, T2, T3 = (f"2026-01-31T12:00:0{second}.000Z" for second in (1, 2, 3))


def test_an_answer_is_what_is_shown() -> None:
    roster = Roster()

    roster.take_answer(["ana", "bo"], T1)

    assert roster.shown() == {"ana", "bo"}


def test_news_that_are_later_than_the_answer_change_it_in_every_order_of_arrival() -> None:
    def answer(roster: Roster) -> None:
        roster.take_answer(["ana", "bo"], T2)

    def bo_left(roster: Roster) -> None:
        roster.take_news("bo", T3, is_here=False)

    def cy_joined(roster: Roster) -> None:
        roster.take_news("cy", T3, is_here=True)

    for steps in itertools.permutations([answer, bo_left, cy_joined]):
        roster = Roster()
        for step in steps:
            step(roster)
        assert roster.shown() == {"ana", "cy"}


def test_news_that_are_earlier_than_the_answer_change_nothing() -> None:
    roster = Roster()
    roster.take_answer(["ana"], T2)

    roster.take_news("bo", T1, is_here=True)
    roster.take_news("ana", T1, is_here=False)

    assert roster.shown() == {"ana"}


def test_news_that_arrive_late_do_not_replace_later_ones() -> None:
    roster = Roster()
    roster.take_answer([], T1)

    roster.take_news("ana", T3, is_here=False)
    roster.take_news("ana", T2, is_here=True)

    assert roster.shown() == set()


def test_an_answer_that_arrives_late_does_not_replace_a_later_one() -> None:
    roster = Roster()
    roster.take_answer(["ana"], T2)

    roster.take_answer(["bo"], T1)

    assert roster.shown() == {"ana"}
