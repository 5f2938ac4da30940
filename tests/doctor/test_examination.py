"""A whole examination: of this machine, of a service, of a running app; and what it prints."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from doctor.__main__ import main, secrets_of
from doctor.catalogue import APP_CHECKS, CHECKS
from doctor.concealment import CONCEALED
from doctor.examination import Options, examine
from doctor.findings import Finding, Verdict
from doctor.folder.files import known_settings
from doctor.folder.functions import Index, check_indexed
from doctor.report import EXIT_OK, EXIT_UNKNOWN, EXIT_USAGE, EXIT_WRONG
from local_azure import functions
from tests.chat.local_chat import ROOT, LocalChat
from tests.doctor.folder_faults import copy_folder
from tests.doctor.fronts import by_check, closed_address, verdicts
from tests.doctor.live_faults import an_app

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Not asked of a healthy machine: packages are not built into the folder, and the app has a key, not an identity.
NOT_ASKED = {"libraries.abi", "connection.identity"}
KEYS = functions.AccessKeys(master="master-key-of-the-host-0123456789", host="host-key-0123456789abcdef", system="s")
SMALL_APP = """
import azure.functions as func

app = func.FunctionApp()


@app.route(route="session")
def session(req: func.HttpRequest) -> str:
    return "{}"
"""
SECRET = "Zm9yLW5vYm9keXMtZXllcy1idXQtb3Vycw=="


def ports_of(chat: LocalChat) -> dict[str, int]:
    """Return where the parts of a chat are, by the names of the options."""
    addresses = {"functions": chat.url, "webpubsub": chat.service.endpoint, "tables": chat.storage.endpoint}
    return {name: urlsplit(address).port or 0 for name, address in addresses.items()}


def port_options(chat: LocalChat) -> list[str]:
    ports = ports_of(chat)
    options = {"--port": "functions", "--webpubsub-port": "webpubsub", "--tables-port": "tables"}
    return [text for option, name in options.items() for text in (option, str(ports[name]))]


def small_app(folder: Path) -> Path:
    """Copy the app into a folder, with one function instead of all: it is imported faster."""
    (copy_folder(folder) / "function_app.py").write_text(SMALL_APP)
    return folder


async def find(options: Options, environment: Mapping[str, str] | None = None) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(examine(options, environment or {})))


async def run(arguments: list[str], environment: Mapping[str, str]) -> int:
    return await asyncio.to_thread(partial(main, arguments, environment))


async def test_of_a_healthy_chat_on_this_machine_dev_py_says_that_every_check_is_ok(chat: LocalChat) -> None:
    command = [sys.executable, str(ROOT / "dev.py"), "doctor", *port_options(chat)]
    environment = {**os.environ, **chat.settings}
    environment.pop("CONTAINER_NAME", None)  # some build machines set it
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)

    *lines, summary = output.decode().splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    # The infrastructure may ask for another Python than the one that runs the tests, and anything may run elsewhere.
    assert {line.split()[1] for line in lines if " | " in line} <= {"python.version", "ports.blobs", "ports.queues"}
    assert {line.split()[1] for line in lines} == CHECKS.keys() - NOT_ASKED - {"connection.string"}
    assert summary == f"{len(lines)} ok, 0 wrong, 0 cannot tell"
    assert process.returncode == EXIT_OK


async def test_of_a_healthy_app_and_its_service_every_check_is_ok(chat: LocalChat, tmp_path: Path) -> None:
    """The host of the test checks no keys, so it tells everything."""
    options = Options(copy_folder(tmp_path), chat.url, KEYS.master, chat.service.connection_string, "sample_chatapp")
    findings = await find(options)

    asked = {"connection.string", "connection.address", "connection.token", "clock.service"}
    assert verdicts(findings) == dict.fromkeys(asked.union(APP_CHECKS), "ok")


async def test_an_app_that_is_asked_without_a_key_hides_what_the_key_tells(chat: LocalChat) -> None:
    async with functions.serve(ROOT, settings=chat.settings, keys=KEYS) as host:
        findings = by_check(await find(Options(ROOT, host.url)))
        ours = Index([function.name for function in host.app.functions])
        listed = await asyncio.to_thread(check_indexed, lambda: ours, host.url, KEYS.master, 10.0)

    hidden = {"functions.indexed", "python.version", "libraries.versions", "storage.tables", "storage.durable"}
    unknown = {check for check, finding in findings.items() if finding.verdict is Verdict.UNKNOWN}
    assert unknown == hidden | {"webhook.right_signature"}
    assert all("key" in findings[check].fix for check in hidden)
    assert listed.verdict is Verdict.OK


async def test_where_nothing_runs_what_needs_a_running_chat_cannot_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as held:
        # A port that is bound and does not listen refuses connections, and nobody else can take it.
        held.bind(("127.0.0.1", 0))
        port = str(held.getsockname()[1])
        options = ["--port", port, "--webpubsub-port", port, "--tables-port", port]
        code = await run(["--app", str(small_app(tmp_path)), "--json", *options], {})

    assert code == EXIT_UNKNOWN

    document = json.loads(capsys.readouterr().out)
    unknown = {each["check"]: each["fix"] for each in document["findings"] if each["verdict"] != "ok"}
    needs_service = {"connection.address", "connection.token", "clock.service", "storage.tables"}
    assert unknown.keys() == needs_service.union(APP_CHECKS) - {"python.version", "libraries.versions"}
    assert document["status"] == "cannot tell"
    assert all("python3 dev.py run" in fix for check, fix in unknown.items() if check in APP_CHECKS)


async def test_an_address_without_an_app_is_wrong_once_and_nothing_else_is_asked() -> None:
    findings = verdicts(await find(Options(ROOT, closed_address())))

    assert [check for check, verdict in findings.items() if verdict == "wrong"] == ["health.alive"]
    assert findings == dict.fromkeys(APP_CHECKS, "cannot tell") | {"health.alive": "wrong"}


async def test_a_host_whose_app_cannot_be_imported_is_found_once_and_compared_with_the_folder(
    chat: LocalChat, tmp_path: Path
) -> None:
    broken = small_app(tmp_path)
    (broken / "function_app.py").write_text("import absent\n")
    async with an_app(chat, broken) as url:
        port = urlsplit(url).port or 0
        here = verdicts(await find(Options(broken, ports=ports_of(chat) | {"functions": port}), chat.settings))
        there = by_check(await find(Options(ROOT, url)))

    assert {check for check, verdict in here.items() if verdict == "wrong"} == {"functions.imported", "health.alive"}
    assert {check for check, each in there.items() if each.verdict is Verdict.WRONG} == {
        "functions.indexed",
        "health.alive",
    }
    assert "the host serves 0 functions" in there["functions.indexed"].seen


async def test_a_connection_string_that_cannot_be_read_ends_the_questions() -> None:
    findings = await find(Options(ROOT, connection_string=f"Endpoint=https://a.example;Key={SECRET}"))

    assert verdicts(findings) == {"connection.string": "wrong"}
    assert "AccessKey" in findings[0].seen
    assert SECRET not in str(findings)


async def test_a_service_alone_is_asked_for_its_address_its_key_and_its_clock(chat: LocalChat) -> None:
    findings = await find(Options(ROOT, connection_string=chat.service.connection_string))

    expected = ("connection.string", "connection.address", "connection.token", "clock.service")
    assert verdicts(findings) == dict.fromkeys(expected, "ok")


async def test_an_app_and_a_service_that_do_not_belong_together_are_found(chat: LocalChat) -> None:
    other = chat.service.connection_string.replace("AccessKey=", "AccessKey=another")
    async with an_app(chat, WebPubSubHub="Other") as url:
        findings = await find(Options(ROOT, url, connection_string=other, hub="Sample_ChatApp"))

    wrong = [check for check, verdict in verdicts(findings).items() if verdict == "wrong"]
    assert {"connection.token", "hub.name", "webhook.right_signature"} <= set(wrong)


# --- what is printed -------------------------------------------------------------


async def test_json_has_every_finding_and_nothing_else_is_printed(
    chat: LocalChat, capsys: pytest.CaptureFixture[str]
) -> None:
    other = chat.service.connection_string.replace("AccessKey=", "AccessKey=another")

    code = await run(["--json"], {"DOCTOR_CONNECTION_STRING": other})

    document = json.loads(capsys.readouterr().out)
    assert (code, document["version"], document["status"]) == (EXIT_WRONG, 1, "wrong")
    (token,) = (each for each in document["findings"] if each["check"] == "connection.token")
    assert token["link"] == "docs/troubleshooting.md#rest-calls-answer-401-or-403"
    assert (token["verdict"], token["symptom"]) == ("wrong", "rest-calls-answer-401-or-403")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--url", "chat.example"], "--url: 'chat.example' is no address"),
        (["--url", f"https://chat.example/?code={SECRET}"], "--function-key"),
        (["--url", f"https://user:{SECRET}@chat.example"], "user name"),
        (["--hub", "Other"], "--hub"),
        (["--settings", "app.env", "--url", "https://chat.example"], "--settings"),
        (["--app", "/no/such/folder"], "/no/such/folder"),
        (["--timeout", "0"], "--timeout is 0"),
    ],
)
async def test_a_command_that_cannot_be_carried_out_is_refused(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(arguments, {}) == EXIT_USAGE

    printed = capsys.readouterr()
    assert problem in printed.err
    assert SECRET not in printed.err
    assert printed.out == ""


async def test_no_secret_is_printed_whichever_setting_holds_one(
    chat: LocalChat, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every setting that the app reads holds a secret, and most are wrong because of it."""
    folder = small_app(tmp_path)
    names = sorted(known_settings(ROOT) - {"WebPubSubHub"})
    assert len(names) > 20
    secrets = {name: f"{SECRET[:-2]}{number:02}" for number, name in enumerate(names)}
    secrets["AzureWebJobsStorage"] = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={SECRET};"
    (folder / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": secrets}))

    await run(["--app", str(folder), *port_options(chat)], {"DOCTOR_FUNCTION_KEY": SECRET})

    printed = "".join(capsys.readouterr())
    assert CONCEALED in printed
    assert SECRET[:16] not in printed


async def test_the_keys_of_a_healthy_chat_are_not_printed(
    chat: LocalChat, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = chat.service.connection_string.partition("AccessKey=")[2].partition(";")[0]
    account_key = chat.storage.connection_string.partition("AccountKey=")[2].partition(";")[0]

    await run(["--app", str(small_app(tmp_path)), *port_options(chat), "--json"], dict(chat.settings))
    await run(
        ["--url", chat.url, "--connection-string", chat.service.connection_string, "--function-key", KEYS.master], {}
    )

    printed = "".join(capsys.readouterr())
    assert "round_trip.history" in printed
    assert [secret for secret in (key, account_key, KEYS.master, "access_token") if secret in printed] == []


async def test_every_value_that_may_be_secret_is_concealed(tmp_path: Path) -> None:
    environment = {"ChatAdmins": "aad:3f2b", "WebPubSubHub": "public", "PATH": "/bin", "AZURE_CLIENT_SECRET": "hidden"}
    options = Options(Path("/"), function_key="key-of-function", connection_string="Endpoint=a")

    assert secrets_of(options, environment) == ["key-of-function", "Endpoint=a", "hidden", "aad:3f2b"]
    (tmp_path / "local.settings.json").write_text("{")
    assert "hidden" in secrets_of(replace(options, folder=tmp_path), environment)
    assert "aad:3f2b" in secrets_of(replace(options, folder=tmp_path), environment)
