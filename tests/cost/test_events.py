"""What an event costs, compared with the documentation and with the running chat."""

import asyncio
import json
import re
from pathlib import Path

import aiohttp
import pytest

from chat.room_list.rows import PARTITIONS
from cost.events import (
    ACK_BYTES,
    ACTIONS,
    ANSWER_BYTES,
    HISTORY_LINE_BYTES,
    LINE_BYTES,
    MAX_ANNOUNCED_CONNECTIONS,
    NAME_BYTES,
    NEWS_BYTES,
    PAGE_MESSAGES,
    PLACES_PER_HOUR,
    ROOM_LIST_PARTITIONS,
    ROSTERS_PER_HOUR,
    ROWS_PER_APPEND,
    TYPING_BYTES,
    events_of_day,
)
from cost.usage import Usage
from tests.chat.local_chat import run_chat

ROOT = Path(__file__).resolve().parents[2]
TEXT = "x" * 100
CALL = r"(\d+) (?:transaction|read|range|write)s?\b"


def documented_rows() -> dict[str, str]:
    """Return the table of calls in docs/architecture.md: what an action costs, by the action."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.partition("### What an action costs in calls of storage")[2].partition("\n\n**")[0]
    return dict(re.findall(r"^\| (?!action|---)(.+?) \| (.+) \|$", section, re.MULTILINE))


def documented_calls(row: str) -> int:
    """Return how many calls of storage a row names for the usual case: what stands before the first semicolon."""
    rows = documented_rows()
    usual = rows[row].partition(";")[0]
    other = re.match(r"what `(\w+)` costs", usual)
    included = documented_calls(f"`{other[1]}`") if other else 0
    return included + sum(int(number) for number in re.findall(CALL, usual))


def test_the_table_of_calls_is_found() -> None:
    assert len(documented_rows()) > 40


@pytest.mark.parametrize("name", ["message", "change", "typing", "read", "history", "join", "remind", "connected"])
def test_an_action_costs_what_the_architecture_says(name: str) -> None:
    action = ACTIONS[name]

    assert action.storage_calls == documented_calls(action.row)


def test_a_roster_reads_the_head_and_asks_the_service_who_is_there_and_who_is_away() -> None:
    assert documented_rows()["`roster`"].startswith("1 read of the head;")
    assert documented_rows()["… `join` and `roster`"].startswith(
        "and 1 call of the service beside the one for the roster"
    )
    assert (ACTIONS["roster"].storage_calls, ACTIONS["roster"].service_calls) == (1, 2)
    assert ACTIONS["join"].service_calls == 2


def test_places_are_one_range_and_a_read_for_each_room() -> None:
    (places,) = (event for event in events_of_day(Usage(rooms_joined=5)) if event.name == "places")

    assert documented_rows()["`places`"] == "1 range, and 1 read for each room and each invitation"
    assert places.storage_calls == places.count * 6


def test_the_list_of_rooms_is_read_from_as_many_partitions_as_it_has() -> None:
    (reading,) = (event for event in events_of_day(Usage(users=10)) if event.name == "list of rooms")

    assert len(PARTITIONS) == ROOM_LIST_PARTITIONS
    assert reading.storage_calls == reading.count * ROOM_LIST_PARTITIONS


def test_many_who_ask_for_the_list_of_rooms_share_a_reading() -> None:
    (reading,) = (event for event in events_of_day(Usage(users=1_000_000)) if event.name == "list of rooms")

    assert reading.storage_calls == 12 * 3600 / 5 * 16


def test_a_search_is_counted_with_the_most_that_one_answer_reads() -> None:
    cell = documented_rows()[ACTIONS["search"].row]

    assert cell.startswith(
        "in one room 1 read of the user's row (none where the connection joined it) and 1 of the head;"
    )
    assert "60 at most, each 1 call" in cell
    assert ACTIONS["search"].storage_calls == 1 + 1 + 60


def test_a_mention_is_a_lookup_a_read_a_write_and_a_publication() -> None:
    cell = documented_rows()[ACTIONS["mention"].row]

    assert "1 read of the user's row for each user who may be meant" in cell
    assert "for each mentioned user (10 at most) 1 read, 1 write and 1 publication more" in cell
    assert (ACTIONS["mention"].storage_calls, ACTIONS["mention"].service_calls) == (3, 1)


def test_an_append_writes_the_rows_that_the_architecture_names() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.partition("An append is one entity group transaction")[2].partition("\n\n")[0]

    assert all(part in section for part in ("head", "the entry", "the index row"))
    assert ROWS_PER_APPEND == 3


def test_the_page_asks_as_often_as_its_code_says() -> None:
    code = (ROOT / "static" / "client" / "refresh.js").read_text()
    milliseconds = {
        name: int(value.replace("_", "")) for name, value in re.findall(r"const (\w+_MS) = ([\d_]+);", code)
    }

    assert 3_600_000 / milliseconds["ROSTER_MS"] == ROSTERS_PER_HOUR
    assert 3_600_000 / milliseconds["PLACES_MS"] == PLACES_PER_HOUR
    assert milliseconds["NEWS_MS"] == 3000
    assert str(MAX_ANNOUNCED_CONNECTIONS) in re.sub("[_,]", "", (ROOT / "docs" / "operations.md").read_text())


class RawReader:
    """A client's connection, read as the bytes that the service sends."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.acks = 1000

    async def ask(self, event: str, **data: str) -> None:
        self.acks += 1
        content = {"dataType": "json", "data": data, "ackId": self.acks}
        await self.socket.send_json({"type": "event", "event": event} | content)

    async def size_of(self, **wanted: str) -> int:
        """Return the bytes of the next frame whose data, or which itself, has these values."""
        async with asyncio.timeout(10):
            while True:
                text = await self.socket.receive_str()
                frame = json.loads(text)
                content = frame["data"] if frame["type"] == "message" else frame
                if wanted.items() <= content.items():
                    return len(text.encode())


async def test_frames_are_as_large_as_counted() -> None:
    """Each is rounded up, by less than a third."""
    async with run_chat() as chat:
        ana = await chat.open("ana-maria")
        url = (await chat.get("/negotiate?id=bo-johnson"))["url"]
        bo = RawReader(await chat.http.ws_connect(url, protocols=("json.reliable.webpubsub.azure.v1",)))
        await ana.next(type="system", event="joined")
        for number in range(PAGE_MESSAGES):
            await ana.ask("message", {"message": TEXT, "clientId": f"0198f2b4-7a52-7c3b-9f3e-{number:012}"})
        line = await bo.size_of(message=TEXT)
        await ana.ask("typing", {"room": "lobby"})
        typing = await bo.size_of(type="typing")
        await bo.ask("history", room="lobby")
        page, ack = await bo.size_of(type="history"), await bo.size_of(type="ack")
        await bo.ask("roster", room="lobby")
        roster = await bo.size_of(type="roster")
        cy = await chat.open("cy-andrews")
        news = await bo.size_of(event="joined")
        await bo.socket.close()
        await ana.close()
        await cy.close()

    assert_rounded_up(LINE_BYTES, line - len(TEXT))
    assert_rounded_up(TYPING_BYTES, typing)
    assert_rounded_up(ANSWER_BYTES + PAGE_MESSAGES * (HISTORY_LINE_BYTES + len(TEXT)), page)
    assert_rounded_up(ACK_BYTES, ack)
    assert_rounded_up(ANSWER_BYTES + 2 * NAME_BYTES, roster)
    assert_rounded_up(NEWS_BYTES, news)


def assert_rounded_up(counted: int, measured: int) -> None:
    assert measured <= counted <= measured * 4 / 3, (counted, measured)
