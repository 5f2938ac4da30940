"""A short run of what abuse does to others; only counts are asserted."""

import asyncio
from pathlib import Path

from bench.abuse import ask_about_crowd, join_many, run_flood
from bench.load.chats import ours
from chat.rate_limits import DEFAULTS, USER_FACTOR, Kind


def test_flooding_connections_are_closed_and_every_honest_message_is_delivered() -> None:
    before, during, flood = run_flood({}, flooders=4, seconds=4.0, quiet_seconds=1.0)

    assert before.said == before.heard > 0
    assert during.said == during.heard > 0
    assert flood["closed"] >= 4
    assert flood["refused"] >= 1


def test_joins_of_ever_new_rooms_by_one_user_leave_bounded_storage(tmp_path: Path) -> None:
    with ours(tmp_path, {}) as chat:
        before, after = asyncio.run(join_many(chat, connections=20))

    assert before == 0
    # What came back of the limit during the run is some rooms a minute.
    assert 1 <= after <= 2 * USER_FACTOR * DEFAULTS[Kind.CREATE][1]


def test_many_questions_at_once_about_a_room_are_all_answered(tmp_path: Path) -> None:
    with ours(tmp_path, {}) as chat:
        filling, full, _ = asyncio.run(ask_about_crowd(chat, crowd=60, questions=100))

    assert (filling, full) == (100, 100)
