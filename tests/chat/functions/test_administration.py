"""What admins may do over HTTP, on the whole chat: export a room, erase a user."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chat.names import user_key
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure import tables, webpubsub
from tests.chat.commands.test_reminder_flow import host_process
from tests.chat.functions.test_signed_in import id_of, principal
from tests.chat.local_chat import JSON, LocalChat, Tab, run_chat, until

ROOT = principal("root")
NAME = "Zoë O'Neil"
TABLES = ("Rooms", "RoomList", "Users", "Jobs", "Audit")


@pytest.fixture
async def managed_chat() -> AsyncIterator[LocalChat]:
    """A chat with the admin root."""
    async with run_chat(ChatAuth="easyauth", ChatAdmins=id_of("root")) as chat:
        yield chat


async def sign_in(chat: LocalChat, user: str, *rooms: str) -> Tab:
    url = (await chat.get("/negotiate", headers=principal(user)))["url"]
    tab = await chat.dial(url, subprotocol=JSON)
    for room in rooms:
        await tab.ask("join", {"room": room})
    return tab


async def say(tab: Tab, room: str, text: str, **more: Any) -> dict[str, Any]:
    await tab.ask("message", {"room": room, "message": text} | more)
    return await tab.next(message=text)


async def post(chat: LocalChat, path: str, body: Any = None, *, status: int = 202, headers: Any = ROOT) -> Any:
    async with chat.http.post(chat.url + path, json=body, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def finish(chat: LocalChat, started: dict[str, str]) -> dict[str, Any]:
    """Wait until a job ended and return its status."""
    status: dict[str, Any] = {}

    async def has_ended() -> bool:
        nonlocal status
        status = await chat.get(started["status"], headers=ROOT)
        return bool(status["status"] != "running")

    await until(has_ended)
    assert status["status"] == "completed", status
    return status


async def export(chat: LocalChat, room: str) -> list[dict[str, Any]]:
    """Return the lines of an export, all parts."""
    status = await finish(chat, await post(chat, f"/manage/rooms/{room}/export"))
    lines: list[dict[str, Any]] = []
    for part in range(1, status["progress"]["parts"] + 1):
        async with chat.http.get(f"{chat.url}{status['lines']}?part={part}", headers=ROOT) as response:
            assert response.content_type == "application/x-ndjson"
            lines += [json.loads(line) for line in (await response.text()).splitlines()]
    return lines


async def erase(chat: LocalChat, user: str) -> dict[str, Any]:
    return await finish(chat, await post(chat, "/manage/users/erase", {"user": id_of(user)}))


async def read_tables(chat: LocalChat, *tables: str) -> list[dict[str, Any]]:
    client = TableClient(read_storage_connection(Settings({"AzureWebJobsStorage": chat.storage.connection_string})))
    try:
        pages = [await client.query_all(f"Chat{table}", "", limit=5000) for table in tables]
        return [entity for page in pages for entity in page.entities]
    finally:
        await client.close()


PATHS = [
    ("POST", "/manage/rooms/lobby/export"),
    ("POST", "/manage/users/erase"),
    ("GET", "/manage/jobs/export-00000000000000000000"),
    ("GET", "/manage/jobs/export-00000000000000000000/lines"),
]


async def test_only_admins_may_manage(managed_chat: LocalChat) -> None:
    for method, path in PATHS:
        for headers, code in (({}, "sign_in_required"), (principal("ana"), "admins_only")):
            async with managed_chat.http.request(method, managed_chat.url + path, headers=headers) as response:
                assert (await response.json())["error"]["code"] == code


async def test_in_open_mode_nobody_may_manage() -> None:
    async with run_chat(ChatAdmins="root") as chat:
        for method, path in PATHS:
            async with chat.http.request(method, chat.url + path, headers=ROOT) as response:
                assert (response.status, (await response.json())["error"]["code"]) == (403, "admins_only")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "invalid_request"),
        ({"user": 7}, "invalid_request"),
        (["ana"], "invalid_request"),
        ({"user": "  "}, "invalid_name"),
        ({"user": "reminder"}, "invalid_name"),
    ],
)
async def test_an_erasure_names_a_user_in_json(managed_chat: LocalChat, body: Any, code: str) -> None:
    answer = await post(managed_chat, "/manage/users/erase", body, status=400)

    assert answer["error"]["code"] == code


async def test_an_erasure_that_a_page_of_another_site_could_ask_for_is_refused(managed_chat: LocalChat) -> None:
    headers = ROOT | {"Content-Type": "text/plain"}
    url = f"{managed_chat.url}/manage/users/erase"
    async with managed_chat.http.post(url, data=b'{"user": "ana"}', headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_request")


async def test_a_job_or_a_part_that_does_not_exist_is_unknown(managed_chat: LocalChat) -> None:
    for name in ("export-00000000000000000000", "sweep-rooms", "x"):
        assert (await managed_chat.get(f"/manage/jobs/{name}", status=404, headers=ROOT))["error"][
            "code"
        ] == "unknown_job"
    status = await finish(managed_chat, await post(managed_chat, "/manage/rooms/design/export"))
    for part, code in (("2", "unknown_part"), ("0", "unknown_part"), ("x", "invalid_request")):
        async with managed_chat.http.get(f"{managed_chat.url}{status['lines']}?part={part}", headers=ROOT) as response:
            assert (await response.json())["error"]["code"] == code


async def test_an_export_has_every_entry_as_clients_are_told_it(managed_chat: LocalChat) -> None:
    ana = await sign_in(managed_chat, "ana", "design")
    first = await say(ana, "design", "teh", clientId="m-1")
    gone = await say(ana, "design", "gone", replyTo=first["id"])
    await ana.ask("edit", {"room": "design", "id": first["id"], "message": "the"})
    await ana.ask("react", {"room": "design", "id": first["id"], "emoji": "👍"})
    await ana.ask("delete", {"room": "design", "id": gone["id"]})

    about, *lines = await export(managed_chat, "design")

    assert {"type": "export", "room": "design", "first": 1, "head": 5, "by": id_of("root")}.items() <= about.items()
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line.get("type", "line") for line in lines] == ["line", "line", "edited", "reaction", "deleted"]
    assert (lines[0]["message"], lines[0]["reactions"], lines[0]["version"]) == ("the", {"👍": [id_of("ana")]}, 4)
    assert (lines[1]["message"], "deletedAt" in lines[1]) == ("", True)
    assert all("message" not in line for line in lines[2:])


async def test_a_room_in_which_nothing_was_said_has_an_export_of_one_line(managed_chat: LocalChat) -> None:
    [about] = await export(managed_chat, "design")

    assert (about["head"], about["room"]) == (0, "design")


async def test_a_long_export_comes_in_parts(managed_chat: LocalChat) -> None:
    ana = await sign_in(managed_chat, "ana")
    for number in range(0, 1050, 50):
        for offset in range(50):
            await ana.send("message", {"message": f"message {number + offset} {'x' * 1000}"})
        await ana.ask("typing", {"room": "lobby"})

    async def is_stored() -> bool:
        await ana.send("since", {"room": "lobby", "seq": 0})
        return bool((await ana.next(type="since"))["head"] == 1050)

    await until(is_stored)
    status = await finish(managed_chat, await post(managed_chat, "/manage/rooms/lobby/export"))
    _, *lines = await export(managed_chat, "lobby")

    assert status["progress"] == {"rooms": {"done": 1, "total": 1}, "entries": 1050, "parts": 2}
    assert [line["seq"] for line in lines] == list(range(1, 1051))


async def test_an_erased_user_is_nowhere_and_every_screen_shows_it(managed_chat: LocalChat) -> None:
    chat = managed_chat
    zoe, bo = await sign_in(chat, NAME, "design", "_secret"), await sign_in(chat, "bo", "design", "_secret")
    hers = await say(zoe, "design", "my secret text")
    other = await say(bo, "design", "bo's own text")
    quoting = await say(bo, "design", "an answer", replyTo=hers["id"])
    await zoe.ask("react", {"room": "design", "id": other["id"], "emoji": "👍"})
    await bo.ask("react", {"room": "design", "id": other["id"], "emoji": "👍"})
    await zoe.ask("edit", {"room": "design", "id": hers["id"], "message": "my edited text"})
    await say(zoe, "_secret", "my unlisted text", clientId="client-of-zoe")
    await zoe.ask("message", {"room": "design", "message": "/remind 1s my reminder"})
    await bo.next(sender="reminder")
    await zoe.ask("message", {"room": "design", "message": "/remind 1h my later reminder"})
    await zoe.close()
    await bo.next(event="left", room="design")

    status = await erase(chat, NAME)

    progress = status["progress"]
    assert progress["pass"] == 2
    assert {"messages": 3, "mentions": 2, "changes": 2}.items() <= progress.items()
    deleted = await bo.next(type="deleted", id=hers["id"])
    assert (deleted["from"], deleted["message"], "replyTo" in deleted) == ("erased", "", False)
    edited = await bo.next(type="edited", id=quoting["id"])
    assert edited["message"] == "an answer"
    assert edited["replyTo"] == {"id": hers["id"], "from": "erased", "user": "erased", "message": ""}
    edited = await bo.next(type="edited", id=other["id"])
    assert (edited["message"], edited["reactions"], "from" in edited) == ("bo's own text", {"👍": [id_of("bo")]}, False)
    await assert_nowhere(chat, NAME, id_of(NAME), "my ", "client-of-zoe")


async def assert_nowhere(chat: LocalChat, *texts: str) -> None:
    """Hold that no row and no orchestration has one of the texts, while the audit has the user's hash."""
    async with chat.http.get(f"{chat.url}/runtime/webhooks/durabletask/instances?showInput=true") as response:
        instances = await response.text()
    rows = await read_tables(chat, *TABLES)
    stored = json.dumps(rows, ensure_ascii=False) + json.dumps(json.loads(instances), ensure_ascii=False)
    assert [text for text in texts if text in stored] == []
    [record] = [row for row in rows if row.get("userHash")]
    assert (record["userHash"], record["by"], record["kind"]) == (user_key(id_of(NAME)), id_of("root"), "erase")
    assert record["finishedAt"] >= record["at"] > 1_700_000_000_000
    assert (record["messages"], record["mentions"], record["changes"]) == (3, 2, 2)
    assert (record["places"] > 0, record["reminders"]) == (True, 1)


async def test_a_second_erasure_finds_nothing_to_do(managed_chat: LocalChat) -> None:
    ana, bo = await sign_in(managed_chat, "ana"), await sign_in(managed_chat, "bo")
    await say(ana, "lobby", "mine")
    await say(bo, "lobby", "bo's")
    assert (await erase(managed_chat, "ana"))["progress"]["messages"] == 1
    before = await read_tables(managed_chat, "Rooms")

    progress = (await erase(managed_chat, "ana"))["progress"]

    assert (progress["pass"], progress["messages"], progress["mentions"], progress["changes"]) == (1, 0, 0, 0)
    assert await read_tables(managed_chat, "Rooms") == before


async def test_an_erasure_goes_on_after_the_app_was_killed(tmp_path: Path) -> None:
    admins = {"ChatAuth": "easyauth", "ChatAdmins": id_of("root")}
    async with webpubsub.serve() as service, tables.serve() as storage, aiohttp.ClientSession() as http:
        async with host_process(service, storage, tmp_path, **admins) as (process, url):
            chat = LocalChat(url, service, storage, http)
            ana = await sign_in(chat, "ana")
            for number in range(300):
                await ana.send("message", {"message": f"message {number}"})
            await ana.next(message="message 299")
            started = await post(chat, "/manage/users/erase", {"user": id_of("ana")})
            await until(partial(has_begun, chat))
            process.kill()
        left = [row for row in await read_tables(chat, "Rooms") if row.get("user") == id_of("ana")]
        assert 0 < len(left) < 300

        async with host_process(service, storage, tmp_path, **admins) as (_, chat.url):
            progress = (await finish(chat, started))["progress"]
            await ana.close()
        rows = await read_tables(chat, "Rooms")

    assert progress["entries"] > 300
    assert [row for row in rows if row.get("user") == id_of("ana")] == []
    # Each message was erased once.
    assert len({row["target"] for row in rows if row.get("kind") == "erase"}) == 300
    assert len([row for row in rows if row.get("kind") == "erase"]) == 300


async def has_begun(chat: LocalChat) -> bool:
    return any(row.get("kind") == "erase" for row in await read_tables(chat, "Rooms"))


async def test_nobody_is_called_as_erased_users_are(managed_chat: LocalChat) -> None:
    signed_in = await managed_chat.get("/session", headers=principal("Erased"))

    assert (signed_in["user"], signed_in["name"]) == (id_of("Erased"), id_of("Erased"))
