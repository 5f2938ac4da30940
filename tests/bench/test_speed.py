import asyncio
from pathlib import Path

import pytest

from bench.load.chats import CHATS, Chat
from bench.load.senders import Figures, connected_load
from bench.rows import table
from bench.speed import SENDERS, compare
from tests.system_parts import node_path


@pytest.mark.parametrize("name", CHATS)
def test_every_chat_delivers_what_it_acknowledges_and_its_cost_is_counted(name: str, tmp_path: Path) -> None:
    if name == "Express":
        node_path()

    async def measure(chat: Chat, rooms: int) -> list[Figures]:
        async with connected_load(chat, senders=2, rooms=rooms) as load:
            return [await load.measure(in_flight, seconds=0.2) for in_flight in (2, 1)]

    with CHATS[name](tmp_path) as chat:
        figures = [each for rooms in (1, 2) for each in asyncio.run(measure(chat, rooms))]

    assert len(figures) == 4
    for measured in figures:
        assert measured.acknowledged >= measured.delivered > 0
        assert 0 < measured.p50 <= measured.p99
        assert {"load", *chat.parts} == set(measured.cpu)


def test_rows_compare_the_medians_of_the_rounds_with_each_peer() -> None:
    def round_of(rate: float, **cpu: float) -> dict[int, Figures]:
        return {SENDERS: Figures(rate, rate, 10.0, 20.0, {"load": 0.5, **cpu})}

    rounds = {
        "ours": [round_of(rate, app=1.0, services=1.5) for rate in (100, 300, 200)],
        "ours, services apart": [round_of(150, **{"app": 1.0, "Web PubSub": 0.7, "storage": 0.3})],
        "Express": [round_of(100, **{"app": 0.5, "Web PubSub": 0.5})],
        "Flask": [round_of(50, **{"app": 3.0, "Web PubSub": 0.5})],
    }

    rows = {(row.what, row.peer_name): row for row in compare(rounds, SENDERS, rooms=1)}

    acknowledged = rows["16 in flight: acknowledged", "Express"]
    assert (acknowledged.ours, acknowledged.peer, acknowledged.times) == (200, 100, 2.0)
    assert rows["16 in flight: CPU of the app", "Flask"].times == 3.0
    assert rows["16 in flight: CPU of app and services", "Express"].ours == 2.5
    assert rows["16 in flight: CPU of storage", ""].ours == 0.3
    assert "Express" in table(list(rows.values()))
