"""Reminders, with the real orchestrations on the embedded Durable Functions."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from local_azure import tables, webpubsub
from tests.chat.local_chat import HIGH_LIMITS, HUB, ROOT, LocalChat, Tab, until


async def run_command(tab: Tab, command: str) -> str:
    await tab.send("message", {"room": "lobby", "message": command})
    return str((await tab.next(event="notice"))["message"])


async def test_a_reminder_is_sent_to_its_room_when_it_is_due(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    assert re.fullmatch(
        r"reminder 1 is set for \d{4}-\d\d-\d\d [\d:]+ UTC: tea", await run_command(ana, "/remind 1s tea")
    )

    line = await bo.next(sender="reminder")
    assert (line["room"], line["message"]) == ("lobby", "ana: tea")
    assert await run_command(ana, "/reminders") == "you have no reminders"


async def test_a_time_of_day_is_in_the_clients_time_zone(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.send("message", {"message": "/remind at 17:30 tea", "utcOffset": 120})

    assert "17:30 UTC+02:00: tea" in (await ana.next(event="notice"))["message"]


async def test_reminders_are_ones_own_and_can_be_forgotten(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await run_command(ana, "/remind 1h tea")
    await run_command(ana, "/remind 2h cake")

    assert await run_command(bo, "/reminders") == "you have no reminders"
    assert await run_command(bo, "/forget 1") == "you have no reminder 1"
    assert await run_command(ana, "/forget 1") == "reminder 1 is cancelled: tea"
    assert [line[:2] for line in (await run_command(ana, "/reminders")).splitlines()] == ["2."]
    assert (await run_command(ana, "/remind 3h wine")).startswith("reminder 1 is set")


async def test_a_user_may_have_ten_reminders(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    for number in range(10):
        await run_command(ana, f"/remind 1h tea {number}")

    await ana.send("message", "/remind 1h one more")

    assert (await ana.next(event="error"))["code"] == "too_many_reminders"


async def test_reminders_that_several_tabs_set_at_once_are_all_kept(chat: LocalChat) -> None:
    tabs = [await chat.open("ana") for _ in range(4)]

    answers = await asyncio.gather(*(run_command(tab, f"/remind 1h tea {number}") for number, tab in enumerate(tabs)))

    assert sorted(answer[:10] for answer in answers) == [f"reminder {number}" for number in range(1, 5)]
    lines = (await run_command(tabs[0], "/reminders")).splitlines()
    assert {line.rpartition(" ")[2] for line in lines} == {"0", "1", "2", "3"}


async def test_a_reminder_asked_for_again_is_one_reminder(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    for _ in range(2):
        await ana.send("message", {"message": "/remind 1h tea", "clientId": "m-1"})
        assert (await ana.next(event="notice"))["message"].startswith("reminder 1 is set")

    assert len((await run_command(ana, "/reminders")).splitlines()) == 1


async def test_the_name_of_the_reminder_is_reserved(chat: LocalChat) -> None:
    assert "reserved" in str(await chat.get("/negotiate?id=Reminder", status=400))


@asynccontextmanager
async def host_process(
    service: webpubsub.Service, storage: tables.Service, data: Path, **settings: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the Functions host in a process that can be killed; yields it and the host's URL."""
    values = {
        "WebPubSubConnectionString": service.connection_string,
        "WebPubSubHub": HUB,
        "ChatAuth": "open",
        "ChatRateLimits": HIGH_LIMITS,
        "AzureWebJobsStorage": storage.connection_string,
    } | settings
    command = [sys.executable, "-m", "local_azure.functions", str(ROOT), "--port", "0", "--data", str(data)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=os.environ | values, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    reading: asyncio.Task[bytes] | None = None
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while not (found := re.search(rb"(http://\S+)/negotiate", await process.stdout.readline())):
                pass
            while b"Ready" not in await process.stdout.readline():
                pass
        reading = asyncio.create_task(process.stdout.read())  # a full pipe would stop the host
        url = found[1].decode()
        handler = webpubsub.EventHandler(f"{url}/eventhandler", ("connect", "connected", "disconnected"), "*")
        service.set_event_handlers(HUB, [handler])
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def test_a_reminder_set_before_a_kill_is_sent_once_after_the_restart(tmp_path: Path) -> None:
    async with webpubsub.serve() as service, tables.serve() as storage, aiohttp.ClientSession() as http:
        async with host_process(service, storage, tmp_path) as (process, url):
            chat = LocalChat(url, service, storage, http)
            ana = await chat.open("ana")
            await run_command(ana, "/remind 2s tea")
            process.kill()
        assert not [frame for frame in ana.frames if frame.get("from") == "reminder"]

        async with host_process(service, storage, tmp_path):
            line = await ana.next(sender="reminder")

            assert line["message"] == "ana: tea"
            assert await run_command(ana, "/reminders") == "you have no reminders"
            assert not [frame for frame in ana.frames if frame.get("from") == "reminder"]

            async def remembered() -> bool:
                await ana.send("history", {"room": "lobby"})
                return [past["id"] for past in (await ana.next(type="history"))["messages"]] == [line["id"]]

            await until(remembered)
            await ana.close()
