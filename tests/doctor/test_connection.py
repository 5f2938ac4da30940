"""What the answers of a service mean: its address, its view of a token, the clock."""

import asyncio
import base64
import json
from datetime import UTC, datetime

import pytest

from chat.settings import Settings
from doctor.connection import check_identity, judge_address, judge_clock, judge_identity_token, judge_token
from doctor.findings import Verdict
from doctor.folder.connections import age_limit, move_ports, service_of, trusts_signature
from doctor.http import Failure, NoAnswer, Response
from tests.chat.identity_endpoint import serve_identity

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"


def answer(status: int) -> Response:
    return Response(status, (), b"", 1.0)


def token(**claims: object) -> str:
    parts = [json.dumps(part).encode() for part in ({}, claims, {})]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "ok"), (404, "ok"), (401, "wrong"), (403, "wrong"), (429, "cannot tell"), (503, "cannot tell")],
)
def test_an_answer_to_a_token_means(status: int, verdict: str) -> None:
    assert judge_token(answer(status), "access key").verdict == verdict


def test_a_refused_token_of_a_key_and_of_an_identity_have_their_own_fixes() -> None:
    assert "connection string" in judge_token(answer(401), "access key").fix
    assert "tenant" in judge_token(answer(401), "identity").fix
    assert "Web PubSub Service Owner" in judge_token(answer(403), "identity").fix


@pytest.mark.parametrize(
    ("endpoint", "verdict"), [("http://localhost:8080", "cannot tell"), ("https://chat.example", "wrong")]
)
def test_nothing_listening_is_a_fault_only_elsewhere(endpoint: str, verdict: str) -> None:
    assert judge_address(endpoint, NoAnswer(Failure.REFUSED)).verdict == verdict


@pytest.mark.parametrize(
    ("offset", "verdict", "has_note"),
    [(0, "ok", False), (29, "ok", False), (31, "ok", True), (-31, "ok", True), (299, "ok", True), (301, "wrong", True)],
)
def test_a_clock_is_wrong_from_the_limit_on_and_worth_a_note_before(offset: int, verdict: str, has_note: bool) -> None:
    finding = judge_clock("clock.app", "the app", NOW, NOW.timestamp() + 0.5 + offset)

    assert (finding.verdict, bool(finding.fix)) == (verdict, has_note)


def test_a_smaller_limit_of_the_app_counts() -> None:
    assert judge_clock("clock.app", "the app", NOW, NOW.timestamp() + 61, limit=60).verdict is Verdict.WRONG
    assert judge_clock("clock.app", "the app", None, NOW.timestamp()).verdict is Verdict.UNKNOWN


def test_a_token_of_an_identity_is_for_the_service_and_has_not_ended() -> None:
    service = "https://webpubsub.azure.com"

    assert judge_identity_token(token(aud=service, exp=100), 50).verdict is Verdict.OK
    assert judge_identity_token(token(aud=f"{service}/", exp=100), 50).verdict is Verdict.OK
    assert judge_identity_token("opaque", 50).verdict is Verdict.OK
    assert judge_identity_token(token(aud=service, exp=100), 150).verdict is Verdict.WRONG
    assert judge_identity_token(token(aud="https://storage.azure.com", exp=100), 50).verdict is Verdict.WRONG


async def test_an_identity_that_gets_a_token_is_right_and_one_without_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_identity(monkeypatch) as endpoint:
        finding, bearer = await asyncio.to_thread(check_identity, "client")
        endpoint.status = 400
        failed, nothing = await asyncio.to_thread(check_identity, "client")

    assert bearer is not None
    assert bearer.make("https://any.example") == "token-1"
    assert (finding.verdict, failed.verdict, nothing) == (Verdict.OK, Verdict.WRONG, None)
    assert endpoint.asked[0]["resource"] == "https://webpubsub.azure.com"
    assert "token-1" not in str(finding) + str(bearer)


@pytest.mark.parametrize(
    ("name", "text", "moved"),
    [
        ("WebPubSubConnectionString", f"Endpoint=http://localhost:8080;AccessKey={KEY};", "http://localhost:8081"),
        ("WebPubSubConnectionString", f"Endpoint=https://a.example;AccessKey={KEY};", "https://a.example"),
        ("AzureWebJobsStorage", "UseDevelopmentStorage=true", "TableEndpoint=http://127.0.0.1:10012/"),
        ("AzureWebJobsStorage", "AccountName=abc;AccountKey=YQ==", "AccountName=abc"),
    ],
)
def test_only_the_usual_ports_of_this_machine_are_moved(name: str, text: str, moved: str) -> None:
    assert moved in move_ports({name: text}, 8081, 10012)[name]


def test_what_cannot_be_read_of_the_settings_names_no_service() -> None:
    wrong = Settings({"WebPubSubConnectionString": "x", "ChatEventMaxAgeSeconds": "x", "ChatWebhookTrust": "x"})

    assert service_of(wrong) is None
    assert service_of(Settings({})) is None
    assert age_limit(wrong) == 300
    assert age_limit(Settings({"ChatEventMaxAgeSeconds": "60"})) == 60
    assert age_limit(Settings({"ChatEventMaxAgeSeconds": "0"})) == 300
    assert trusts_signature(wrong) is False
