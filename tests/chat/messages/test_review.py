"""Every text is reviewed before it is stored: copies of the app with another `review`, run by the real host."""

import asyncio
import logging
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.app_copy import copy_app, document_program, run_app
from tests.chat.identity_endpoint import serve_identity
from tests.chat.local_chat import LocalChat, Tab
from tests.chat.stub_server import a_server

SEEN = """
async def review(message, context):
    if "bad" in message:
        return Refuse(f"{context.kind} of {context.user} in {context.room}")
    return Replace(message.upper()) if "loud" in message else Accept()
"""


@asynccontextmanager
async def app_with(folder: Path, program: str, **settings: str) -> AsyncIterator[LocalChat]:
    """Run a copy of the app whose `review` is this program's."""
    file = copy_app(folder).parent / "moderation.py"
    before, found, _ = file.read_text().partition("def review(")
    assert found
    file.write_text(before + textwrap.dedent(program))
    async with run_app(folder, **settings) as chat:
        yield chat
        await asyncio.gather(*(tab.close() for tab in chat.tabs))


async def refusal(tab: Tab, event: str, data: object) -> str:
    """Send what is refused, and return the reason."""
    await tab.send(event, data)
    frame = await tab.next(type="system", event="error")
    assert frame["code"] == "message_refused"
    return str(frame["message"])


async def history(tab: Tab) -> list[str]:
    await tab.send("history", {"room": "lobby"})
    return [line["message"] for line in (await tab.next(type="history"))["messages"]]


async def test_messages_edits_and_reminders_are_reviewed(tmp_path: Path) -> None:
    async with app_with(tmp_path, SEEN) as chat:
        ana = await chat.open("ana")
        assert await refusal(ana, "message", "bad") == "the message is refused: message of ana in lobby"
        assert await refusal(ana, "message", "/me is bad") == "the message is refused: message of ana in lobby"
        assert await refusal(ana, "message", "/remind 1h bad") == "the message is refused: reminder of ana in lobby"
        await ana.ask("message", "good")
        line = await ana.next(message="good")
        edit = {"room": "lobby", "id": line["id"], "message": "bad"}
        assert await refusal(ana, "edit", edit) == "the message is refused: edit of ana in lobby"

        assert await history(ana) == ["good"]


async def test_a_replaced_text_is_what_is_stored_and_sent(tmp_path: Path) -> None:
    async with app_with(tmp_path, SEEN) as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        await ana.ask("message", "loud")
        line = await bo.next(message="LOUD")
        await ana.ask("edit", {"room": "lobby", "id": line["id"], "message": "loud again"})
        assert (await bo.next(type="edited"))["message"] == "LOUD AGAIN"

        await ana.send("message", "/remind 1h loud tea")
        assert "LOUD TEA" in (await ana.next(type="system", event="notice"))["message"]
        assert await history(ana) == ["LOUD AGAIN"]


CHANGES_ITS_MIND = """
seen = []

async def review(message, context):
    seen.append(message)
    return Accept() if seen.count(message) < 2 else {second}
"""


@pytest.mark.parametrize("second", ['Refuse("now it is bad")', 'Replace("something else")'])
async def test_a_second_delivery_is_the_message_that_the_log_has(tmp_path: Path, second: str) -> None:
    async with app_with(tmp_path, CHANGES_ITS_MIND.format(second=second)) as chat:
        ana, bo = await chat.open("ana"), await chat.open("bo")
        for _ in range(2):
            await ana.ask("message", {"room": "lobby", "message": "hello", "clientId": "m-1"})
        lines = [await bo.next(message="hello") for _ in range(2)]
        edit = {"room": "lobby", "id": lines[0]["id"], "message": "hello!", "clientId": "e-1"}
        for _ in range(2):
            await ana.ask("edit", edit)
        edits = [await bo.next(type="edited", message="hello!") for _ in range(2)]

        assert lines[0] == lines[1]
        assert edits[0] == edits[1]
        assert await history(ana) == ["hello!"]


FAILURES = {
    "raises": 'async def review(message, context): raise ValueError("no answer to " + message)',
    "raises without waiting": 'def review(message, context): raise ValueError("no answer to " + message)',
    "is late": "import asyncio\n\nasync def review(message, context): await asyncio.Event().wait()",
    "decides nothing": "async def review(message, context): return None",
    "replaces by nothing": 'async def review(message, context): return Replace("")',
    "replaces by too much": 'async def review(message, context): return Replace("x" * 4097)',
    "replaces by a control character": r'async def review(message, context): return Replace("a\x00b")',
}


@pytest.mark.parametrize("program", FAILURES.values(), ids=FAILURES)
async def test_a_review_that_fails_refuses_and_the_log_has_no_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    caplog.set_level(logging.INFO)
    async with app_with(tmp_path, program, ChatReviewSeconds="0.05") as chat:
        ana = await chat.open("ana")
        assert "could not be reviewed" in await refusal(ana, "message", "a private word")
        assert await history(ana) == []

    assert "a text was not reviewed" in caplog.text
    assert "a private word" not in caplog.text


async def test_a_review_that_fails_accepts_where_the_setting_says_so(tmp_path: Path) -> None:
    settings = {"ChatReviewSeconds": "0.05", "ChatReviewFailure": "accept"}
    async with app_with(tmp_path, FAILURES["raises"], **settings) as chat:
        ana = await chat.open("ana")
        await ana.ask("message", "hello")
        assert await history(ana) == ["hello"]


@pytest.mark.parametrize(("name", "value"), [("ChatReviewFailure", "ignore"), ("ChatReviewSeconds", "never")])
async def test_a_setting_that_is_wrong_is_named(tmp_path: Path, name: str, value: str) -> None:
    async with app_with(tmp_path, FAILURES["raises"], **{name: value}) as chat:
        ana = await chat.open("ana")
        await ana.send("message", "hello")
        answer = await ana.next(type="system", event="error")

        assert (answer["code"], name in answer["message"]) == ("not_configured", True)


async def test_the_list_of_words_of_the_document_masks_and_refuses(tmp_path: Path) -> None:
    async with app_with(tmp_path, document_program("docs/moderation.md", "MASKED")) as chat:
        ana = await chat.open("ana")
        for text in ("Oh HECK, it rains", "nothing wrong"):
            await ana.ask("message", text)
        assert "advertising" in await refusal(ana, "message", "Buy  followers now")

        assert await history(ana) == ["Oh ****, it rains", "nothing wrong"]


class ContentSafety:
    """Azure AI Content Safety as its reference describes it: rates a text by a word in it."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        severity = 4 if "fight" in (await request.json())["text"] else 0
        rated = [{"category": name, "severity": 0} for name in ("Hate", "SelfHarm", "Sexual")]
        rated.append({"category": "Violence", "severity": severity})
        return web.json_response({"blocklistsMatch": [], "categoriesAnalysis": rated}, status=self.status)


@pytest.mark.parametrize("key", ["the-key", ""])
async def test_the_content_safety_example_refuses_what_the_service_rates_high(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    safety = ContentSafety()
    program = document_program("docs/moderation.md", "ContentSafety")
    async with a_server(safety.answer) as endpoint, serve_identity(monkeypatch) as identity:
        named = {"ContentSafetyEndpoint": endpoint, "ContentSafetyKey": key, "ChatReviewSeconds": "30"}
        async with app_with(tmp_path, program, **named) as chat:
            ana = await chat.open("ana")
            await ana.ask("message", "hello")
            assert await refusal(ana, "message", "let us fight") == "the message is refused: it was rated as Violence"
            safety.status = 429
            assert "could not be reviewed" in await refusal(ana, "message", "hello again")
            assert await history(ana) == ["hello"]

    first = safety.requests[0]
    assert (first.path, first.query["api-version"]) == ("/contentsafety/text:analyze", "2024-09-01")
    if key:
        assert first.headers["Ocp-Apim-Subscription-Key"] == key
        assert identity.asked == []
    else:
        assert first.headers["Authorization"] == "Bearer token-1"
        assert [asked["resource"] for asked in identity.asked] == ["https://cognitiveservices.azure.com"]
