"""Log lines carry their fields where the platform can see them, and never what must not be read."""

import logging
import time

import pytest
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from chat.errors import ServiceUnavailable
from chat.logs import MAX_CAUSE_LENGTH, cause_of, log, log_call
from tests.chat.local_chat import HUB, LocalChat, run_chat, until


def test_fields_are_written_behind_the_text_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    log.warning("presence is unknown", extra={"room": "lobby", "user": "a\nb 100%"})

    assert caplog.messages == ['presence is unknown {"room":"lobby","user":"a\\nb 100%"}']
    assert caplog.records[0].__dict__["room"] == "lobby"


@pytest.mark.parametrize(("failed", "level"), [(False, "INFO"), (True, "WARNING")])
def test_the_line_of_a_call_has_its_fields_and_the_time_and_is_a_warning_when_the_call_failed(
    caplog: pytest.LogCaptureFixture, failed: bool, level: str
) -> None:
    caplog.set_level(logging.INFO, logger="chat")
    before = time.time()

    log_call("event handled", {"event": "100%s", "user": "a\nb"}, failed=failed)

    (record,) = caplog.records
    assert record.getMessage() == 'event handled {"event":"100%s","user":"a\\nb"}'
    assert (record.name, record.levelname, record.exc_info) == ("chat", level, None)
    assert before <= record.created <= time.time()
    assert logging.Formatter("%(asctime)s %(levelname)s %(message)s").format(record).endswith(record.getMessage())


def test_a_log_that_takes_only_warnings_gets_the_lines_of_failures_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="chat")

    log_call("event handled", {}, failed=False)
    log_call("event handled", {}, failed=True)

    assert [record.levelname for record in caplog.records] == ["WARNING"]


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


def test_the_cause_of_a_refusal_is_logged_without_the_queries_of_urls() -> None:
    refusal = ServiceUnavailable("no answer")
    refusal.__cause__ = TimeoutError("Connection timeout to host http://127.0.0.1:7071/entities?op=say&code=a-key==")

    assert cause_of(refusal) == "TimeoutError('Connection timeout to host http://127.0.0.1:7071/entities?…')"
    assert cause_of(ServiceUnavailable("no answer")) == ""


def test_the_cause_of_an_error_is_cut_to_its_limit() -> None:
    error = ServiceUnavailable("no answer")
    error.__cause__ = TimeoutError("x" * 10_000)

    assert cause_of(error) == repr(error.__cause__)[:MAX_CAUSE_LENGTH]
    assert len(cause_of(error)) == 500


async def test_what_the_sdks_log_at_the_apps_level_has_no_text_token_or_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with run_chat() as chat:
        ana = await chat.open("ana")
        await ana.ask("message", {"message": "a secret thought"})
        await ana.ask("join", {"room": "design"})
        await ana.ask("message", "/remind 1h a secret errand")
        await ana.close()
        key = chat.service.connection_string.split("AccessKey=")[1][:20]

    everything = "\n".join(record.getMessage() for record in caplog.records)
    assert everything
    assert "secret" not in everything
    assert "access_token" not in everything
    assert key not in everything


async def test_why_a_connection_ended_is_logged(chat: LocalChat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="chat")
    ana = await chat.open("ana")

    async with WebPubSubServiceClient.from_connection_string(chat.service.connection_string, HUB) as operator:
        await operator.close_connection(ana.connection_id, reason="asked to leave")

    def is_logged() -> bool:
        lines = [record.getMessage() for record in caplog.records if "connection ended" in record.getMessage()]
        return any(ana.connection_id in line and "asked to leave" in line for line in lines)

    await until(is_logged)
