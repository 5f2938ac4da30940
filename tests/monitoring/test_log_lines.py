"""What the running app writes is what the queries of `docs/monitoring.md` look for."""

import json
import logging
from typing import Any

import pytest

from tests.chat.local_chat import LocalChat, run_chat
from tests.monitoring.test_queries import FIELDS, PAGE


async def test_the_lines_of_the_app_begin_as_the_queries_ask_and_have_the_fields_of_the_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "chat")

    async with run_chat() as chat:
        frame = await talk(chat)
    lines = [read_line(text) for text in caplog.messages if " handled {" in text]

    rows = PAGE.partition("## What is recorded")[2].partition("## ")[0]
    assert {name for _, fields in lines for name in fields} == FIELDS
    assert all(f"`{name}`" in rows for name in FIELDS)
    (said,) = [fields for _, fields in lines if fields.get("message") == frame["id"]]
    assert (said["event"], said["room"], said["seq"], said["status"]) == ("message", "lobby", frame["seq"], 204)
    codes = {(text, fields["code"]) for text, fields in lines if "code" in fields}
    assert codes == {
        ("event handled", "message_empty"),
        ("event handled", "invalid_event"),
        ("request handled", "missing_user"),
    }


def read_line(text: str) -> tuple[str, dict[str, Any]]:
    """Return the text and the fields of a line, taken apart as the queries do."""
    begin = text.index("{")
    fields: dict[str, Any] = json.loads(text[begin:])
    return text[:begin].strip(), fields


async def talk(chat: LocalChat) -> dict[str, Any]:
    """Say something, and be refused in three ways; return what was said as a chat line."""
    ana = await chat.open("ana")
    await ana.ask("message", "hello")
    frame = await ana.next(message="hello")
    await ana.ask("message", "")
    await chat.get("/negotiate", status=400)
    async with chat.http.post(f"{chat.url}/eventhandler", data=b"{}") as response:
        assert response.status == 400
    return frame
