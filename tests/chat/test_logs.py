"""Log lines carry their fields where the platform can see them, and never what must not be read."""

import logging

import pytest

from chat.logs import log
from tests.chat.local_chat import LocalChat


def test_fields_are_written_behind_the_text_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("presence is unknown", extra={"room": "lobby", "user": "a\nb 100%"})

    assert caplog.messages == ['presence is unknown {"room":"lobby","user":"a\\nb 100%"}']
    assert caplog.records[0].__dict__["room"] == "lobby"


async def test_no_text_token_or_key_reaches_the_log(chat: LocalChat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="chat")
    ana = await chat.open("ana")
    for text in ("a secret thought", "x" * 5000, "/remind soon a secret thought"):
        await ana.ask("message", {"message": text, "clientId": "m-1"})
    await ana.ask("message", {"room": "nowhere", "message": "a secret thought"})
    await ana.close()

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name == "chat")
    assert "secret" not in ours
    assert "xxxx" not in ours
    assert chat.service.connection_string.split("AccessKey=")[1][:20] not in ours
