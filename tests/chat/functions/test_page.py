"""The page's files, through the real function: types, versions, protection, and nothing outside `static/`."""

import asyncio
import gzip
import hashlib
import json
from pathlib import Path

import azure.functions as func
import pytest

from chat import static_files
from chat.functions.page import zz_page
from tests.chat.conftest import request_to
from tests.chat.local_chat import LocalChat
from tests.local_azure.functions.apps import send

ROOT = Path(__file__).parents[3]


def get(path: str, method: str = "GET", **headers: str) -> func.HttpResponse:
    request = request_to("/" + path, method, headers=headers, route={"path": path} if path else {})
    response: func.HttpResponse = zz_page(request)
    return response


@pytest.mark.parametrize("path", ["", "index.html"])
def test_the_page_is_html(path: str) -> None:
    response = get(path)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.get_body() == (ROOT / "static" / "index.html").read_bytes()


def test_every_file_of_the_page_has_a_type_and_a_version() -> None:
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file() and not path.name.startswith(".")]

    for path in files:
        response = get(path.relative_to(ROOT / "static").as_posix())

        assert response.status_code == 200, path
        assert response.headers["Content-Type"] == static_files.CONTENT_TYPES[path.suffix]
        assert response.headers["ETag"].startswith('W/"')
        assert response.headers["Cache-Control"] == "no-cache"


def test_a_browser_that_has_this_version_is_sent_no_body() -> None:
    etag = get("index.html").headers["ETag"]

    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        response = get("index.html", **{"If-None-Match": known})

        assert (response.status_code, response.get_body()) == (304, b"")
        assert response.headers["ETag"] == etag
    assert get("index.html", **{"If-None-Match": '"other"'}).status_code == 200


def test_a_browser_that_accepts_gzip_is_sent_the_same_file_compressed() -> None:
    plain = get("app.js")
    for accepted in ("gzip", "br, gzip;q=0.5", "GZIP ; q=1"):
        packed = get("app.js", **{"Accept-Encoding": accepted})

        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.get_body()) == plain.get_body()
        assert len(packed.get_body()) < len(plain.get_body())
        assert packed.headers["ETag"] == plain.headers["ETag"]
    for refused in ("", "br", "gzip;q=0", "gzip;q=x"):
        assert "Content-Encoding" not in get("app.js", **{"Accept-Encoding": refused}).headers
    assert plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "../function_app.py", "..%2ffunction_app.py", "%2e%2e/function_app.py", "a/../../function_app.py",
        "..\\host.json", "/etc/passwd", "//etc/passwd", "C:\\Windows\\win.ini", "c:/x.txt", "index.html\0.png",
        ".git/config", "index.html/x", "nothing.html", "static/index.html", "..", ".", "app.js/..", "%00", "index.HTML",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read(path: str) -> None:
    response = get(path)

    assert response.status_code == 404
    assert response.get_body() == b"not found"


def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "static"
    root.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "own.txt").write_text("own")

    assert static_files.find_file("own.txt", root.resolve()) == root.resolve() / "own.txt"
    assert static_files.find_file("link.txt", root.resolve()) is None


def test_a_changed_file_has_another_version(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    before = static_files.read_file(file)
    file.write_text("two, longer")

    after = static_files.read_file(file)

    assert (before.content, after.content) == (b"one", b"two, longer")
    assert before.etag != after.etag


def test_the_policy_names_the_services_endpoint_and_nothing_inline(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("WebPubSubConnectionString", "Endpoint=https://chat.example;AccessKey=k")

    for response in (get(""), get("nothing")):
        policy = response.headers["Content-Security-Policy"]
        assert "connect-src 'self' wss://chat.example https://chat.example;" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_of_a_local_service_names_its_port(open_chat: pytest.MonkeyPatch) -> None:
    assert "connect-src 'self' ws://127.0.0.1:9 http://127.0.0.1:9;" in get("").headers["Content-Security-Policy"]


def test_the_page_is_served_before_anything_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WebPubSubConnectionString", raising=False)

    response = get("")

    assert response.status_code == 200
    assert "connect-src 'self';" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "target",
    [
        "/%2e%2e%2fhost.json", "/..%2fhost.json", "/%2e%2e/host.json", "/../host.json", "/..%5chost.json",
        "/..\\host.json", "//host.json", "/%2fetc/passwd", "/%252e%252e%252fhost.json", "/%c0%ae%c0%ae/host.json",
        "/index.html/", "/index.html;x", "/%ff", "/static/../host.json", "/chat/errors.py", "/local.settings.json",
        "/.funcignore",
    ],
)  # fmt: skip
async def test_no_requested_path_reads_a_file_outside_of_the_page(chat: LocalChat, target: str) -> None:
    answer = await asyncio.to_thread(send, chat.url, "GET", target)

    assert (answer.status, answer.body) == (404, b"not found")
    assert "nosniff" in answer["X-Content-Type-Options"]


async def test_a_head_request_has_the_headers_of_a_get(chat: LocalChat) -> None:
    full, head = [await asyncio.to_thread(send, chat.url, method, "/") for method in ("GET", "HEAD")]

    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy"):
        assert head[name] == full[name]
    known = (("If-None-Match", head["ETag"]),)
    for method in ("GET", "HEAD"):
        answer = await asyncio.to_thread(send, chat.url, method, "/", known)
        assert (answer.status, answer.body, answer["ETag"]) == (304, b"", full["ETag"])


def test_only_the_page_for_frames_may_be_framed_and_only_by_the_named_sites(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("ChatEmbedOrigins", "https://a.example,https://b.example")

    framed = get("embed")

    assert framed.get_body() == get("").get_body()
    assert framed.headers["Content-Type"] == "text/html; charset=utf-8"
    assert framed.headers["Content-Security-Policy"].endswith("frame-ancestors https://a.example https://b.example")
    assert "X-Frame-Options" not in framed.headers
    for other in (get(""), get("index.html"), get("embed.js"), get("nothing")):
        assert other.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
        assert other.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("value", ["", "*", "https://a.example/path"])
def test_without_a_usable_setting_there_is_no_page_for_frames(
    open_chat: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    open_chat.setenv("ChatEmbedOrigins", value)

    response = get("embed")

    assert (response.status_code, response.get_body()) == (404, b"not found")
    assert response.headers["X-Frame-Options"] == "DENY"
    assert ("nobody can embed the chat" in caplog.text) is bool(value)
    assert get("").status_code == 200


def test_pages_of_the_named_sites_alone_may_load_the_script_that_embeds(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("ChatEmbedOrigins", "https://a.example")

    allowed = get("embed.js", Origin="https://a.example")

    assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Origin" in allowed.headers["Vary"]
    for path, origin in (("embed.js", "https://b.example"), ("embed.js", ""), ("app.js", "https://a.example")):
        assert "Access-Control-Allow-Origin" not in get(path, Origin=origin).headers


async def test_a_forged_principal_is_ignored_in_open_mode(chat: LocalChat) -> None:
    forged = {"x-ms-client-principal-name": "root", "x-ms-client-principal-id": "root"}
    forged |= {"x-ms-client-principal-idp": "aad"}

    assert (await chat.get("/session", headers=forged))["user"] is None
    assert (await chat.get("/negotiate", status=400, headers=forged))["error"]["code"] == "missing_user"


def test_the_service_worker_is_told_every_file_of_the_page_and_its_hash() -> None:
    version, files, *code = get("service-worker.js").get_body().decode().splitlines()
    kept = json.loads(files.removeprefix("const FILES = ").removesuffix(";"))

    assert version == f'const VERSION = "{static_files.page_version().version}";'
    served = {path for path in kept if get(path).status_code == 200}
    everything = {
        path.relative_to(ROOT / "static").as_posix() for path in (ROOT / "static").rglob("*") if path.is_file()
    }
    assert set(kept) == served == everything - {"service-worker.js"}
    assert kept["app.js"] == hashlib.sha256(get("app.js").get_body()).hexdigest()
    assert "\n".join(code) == (ROOT / "static" / "service-worker.js").read_text().rstrip()


def test_the_version_changes_with_every_file_of_the_page(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "view").mkdir()
    versions = []
    for name, content in (
        ("service-worker.js", "// the worker"),
        ("index.html", "<p>"),
        ("view/a.js", "1"),
        ("view/a.js", "2"),
        ("view/b.js", "2"),
        ("service-worker.js", "// another worker"),
        ("note.md", "no file of the page"),
    ):
        (root / name).write_text(content)
        versions.append(static_files.page_version(root).version)
    (root / "view" / "b.js").unlink()
    versions.append(static_files.page_version(root).version)

    assert versions[5] == versions[6]
    assert len(set(versions)) == 7
    worker = static_files.read_file(root / "service-worker.js", root)
    assert worker.content.startswith(f'const VERSION = "{versions[-1]}"'.encode())
    assert worker.content.endswith(b"// another worker")


def test_the_version_is_told_to_the_worker_that_opens_the_page_and_to_nobody_else() -> None:
    preload = {"service-worker-navigation-preload": "true"}
    etag = get("").headers["ETag"]

    for headers in (preload, preload | {"If-None-Match": etag}):
        assert get("", **headers).headers["Chat-Version"] == static_files.page_version().version
    assert "Chat-Version" not in get("").headers
    assert "Service-Worker-Navigation-Preload" in get("").headers["Vary"]
    assert "Chat-Version" not in get("app.js", **preload).headers
