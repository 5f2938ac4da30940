"""What was recorded as a file: exported as HAR and as JSON, and imported again."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.local_azure.webpubsub.har_check import check_archive
from tests.local_azure.webpubsub.inspector_routes import Document, Inspector
from tests.local_azure.webpubsub.small_app import SmallApp, small_app


@pytest.fixture
async def app() -> AsyncIterator[SmallApp]:
    async with small_app() as running:
        running.passes_request_id_on = True
        yield running


@pytest.fixture
async def inspector(app: SmallApp) -> Inspector:
    """The inspector, after one message of ana to the lobby, where bo is too."""
    people = [await app.connect("ana"), await app.connect("bo")]
    assert (await people[0].ask("Good Morning"))["success"] is True
    return Inspector(app, people)


async def test_an_export_as_har_is_an_archive_and_comes_back_as_it_was(inspector: Inspector) -> None:
    exported = json.loads(await inspector.text("export?form=har"))
    check_archive(exported)
    in_archive = await inspector.entries("kind=webhook,rest,frame-in,frame-out")
    await inspector.clear()

    assert await inspector.post("import", exported) == {"entries": len(in_archive)}
    call = await inspector.http("kind=webhook&q=user.message")
    frames = await inspector.entries("kind=frame-in,frame-out")

    assert call["requestBody"]["text"] == "Good Morning"
    assert call["signature"] == "verified"
    assert dict(call["requestHeaders"])["ce-signature"] == "sha256=***"
    assert {frame["title"] for frame in frames} == {"connected", "event message", "ack 1"}
    assert all(entry["imported"] for entry in await inspector.entries())
    again = json.loads(await inspector.text("export?form=har"))["log"]["entries"]
    parts = ("request", "response")
    assert [[call[part] for part in parts] for call in again] == [
        [call[part] for part in parts] for call in exported["log"]["entries"]
    ]


async def test_an_export_as_json_comes_back_as_it_was_with_its_traces(inspector: Inspector) -> None:
    before = await inspector.entries()
    exported = json.loads(await inspector.text("export?form=json"))
    assert (exported["format"], exported["version"]) == ("local_azure.inspector", 1)
    await inspector.clear()

    assert await inspector.post("import", exported) == {"entries": len(before)}
    after = await inspector.entries()
    call = await inspector.entry("kind=webhook&q=user.message")
    steps = (await inspector.get(f"entries/{call['id']}"))["steps"]

    own = ("id", "imported", "ms")
    assert [{k: v for k, v in one.items() if k not in own} for one in after] == [
        {k: v for k, v in one.items() if k not in own} for one in before
    ]
    assert [step["kind"] for step in steps] == ["frame-in", "webhook", "rest", "delivery", "frame-out"]
    refused = await inspector.post("replay", {"entry": call["id"]}, status=409)
    assert refused["error"]["code"] == "imported"


async def test_an_export_has_only_what_the_filter_lets_pass(inspector: Inspector) -> None:
    exported = json.loads(await inspector.text("export?form=json&kind=rest"))

    assert [entry["title"] for entry in exported["entries"]] == ["POST groups/lobby/:send"]
    assert (await inspector.get("export?form=xml", status=400))["error"]["code"] == "invalid_filter"


async def test_an_archive_of_a_browser_can_be_imported(app: SmallApp) -> None:
    inspector = Inspector(app)
    request = {
        "method": "GET",
        "url": "http://localhost/?code=hush-hush",
        "headers": [{"name": "Cookie", "value": "a=hush"}],
    }
    response = {"status": 200, "headers": [], "content": {"text": "aGk=", "encoding": "base64"}}
    frames = [
        {"type": "send", "time": 1.5, "opcode": 1, "data": "ping"},
        {"type": "receive", "time": 1.6, "opcode": 2, "data": "AP8="},
    ]
    common = {"startedDateTime": "2026-01-31T12:00:00.000Z", "time": 12, "request": request, "response": response}

    imported = await inspector.post("import", {"log": {"entries": [common, common | {"_webSocketMessages": frames}]}})

    assert imported == {"entries": 3}
    entries = await inspector.entries()
    assert [(one["kind"], one["title"], one["excerpt"]) for one in entries] == [
        ("rest", "GET /", ""),
        ("frame-in", "frame", "ping"),
        ("frame-out", "frame", "00 ff"),
    ]
    assert "hush" not in str(await inspector.entry("kind=rest"))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": 1},
        {"version": True, "entries": []},
        {"version": 1, "entries": [1]},
        {"version": 1, "entries": [{"kind": "unknown", "title": "x", "began": 1}]},
        {"version": 1, "entries": [{"kind": "rest", "title": 1, "began": 1}]},
        {"version": 1, "entries": [{"kind": "rest", "title": "x", "began": 1e300}]},
        {
            "version": 1,
            "entries": [{"kind": "rest", "title": "x", "began": 1, "content": {"text": "zz", "form": "hex"}}],
        },
        {"log": []},
        {"log": {"entries": {}}},
        {"log": {"entries": [{"startedDateTime": "yesterday"}]}},
        {"log": {"entries": [{"startedDateTime": "2026-01-31T12:00:00Z", "request": {}}]}},
    ],
)
async def test_a_file_that_is_neither_is_refused_and_adds_nothing(app: SmallApp, document: Document) -> None:
    inspector = Inspector(app)

    assert (await inspector.post("import", document, status=400))["error"]["code"] == "invalid_import"
    assert await inspector.entries() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
async def test_what_is_no_json_object_is_refused(app: SmallApp, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("import", "replay"):
        async with app.session.post(f"{app.service.endpoint}/inspector/{path}", data=body, headers=headers) as answer:
            assert answer.status == 400
