"""Access keys: only checked when asked for, and then as in Azure."""

import json
from pathlib import Path

import pytest

from local_azure.functions import AccessKeys, ConfigurationError
from local_azure.functions.http_server.access_keys import load_or_create_keys
from tests.local_azure.functions.apps import Serve

KEYS = AccessKeys(master="m" * 40, host="h" * 40, system="s" * 40)
LEVELS = """
@app.route(auth_level=func.AuthLevel.ANONYMOUS)
def free(req): return func.HttpResponse()

@app.route(auth_level=func.AuthLevel.FUNCTION)
def keyed(req): return func.HttpResponse(req.params.get("code"))

@app.route(auth_level=func.AuthLevel.ADMIN, route="top")
def top(req): return func.HttpResponse()
"""


async def test_h066_keys_are_not_checked_unless_asked_for(serve: Serve) -> None:
    async with serve(LEVELS) as app:
        for target in ("/api/free", "/api/keyed", "/api/top", "/admin/host/status"):
            assert (await app.get(target)).status == 200


@pytest.mark.parametrize(
    ("target", "accepted"),
    [
        ("/api/free", {"", "wrong", "host", "system", "master"}),
        ("/api/keyed", {"host", "master"}),
        ("/api/top", {"master"}),
        ("/admin/host/status", {"master"}),
        ("/admin/functions", {"master"}),
        ("/admin/host/ping", {"", "wrong", "host", "system", "master"}),
    ],
)
async def test_h066_h085_each_level_accepts_its_own_keys_and_ping_needs_none(
    serve: Serve, target: str, accepted: set[str]
) -> None:
    keys = {"": "", "wrong": "x" * 40, "host": KEYS.host, "system": KEYS.system, "master": KEYS.master}

    async with serve(LEVELS, keys=KEYS) as app:
        for name, key in keys.items():
            expected = 200 if name in accepted else 401
            by_header = await app.get(target, ("x-functions-key", key))
            by_query = await app.get(f"{target}?code={key}")
            assert (name, by_header.status, by_query.status) == (name, expected, expected)
            assert expected == 200 or by_header.body == by_query.body == b""


async def test_h067_the_header_takes_precedence_and_the_code_stays_visible(serve: Serve) -> None:
    async with serve(LEVELS, keys=KEYS) as app:
        assert (await app.get(f"/api/keyed?code={KEYS.host}", ("x-functions-key", "wrong"))).status == 401
        answer = await app.get("/api/keyed?code=wrong", ("x-functions-key", KEYS.host))

    assert (answer.status, answer.body) == (200, b"wrong")


def test_keys_are_made_once_and_kept_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    made = load_or_create_keys(folder)

    assert load_or_create_keys(folder) == made
    assert len({made.master, made.host, made.system}) == 3
    assert all(len(key) >= 40 for key in (made.master, made.host, made.system))
    assert (folder / "keys.json").stat().st_mode & 0o077 == 0


def test_a_keys_file_that_lacks_a_key_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"master": "x"}))

    with pytest.raises(ConfigurationError, match=r"keys\.json must hold the keys master, host and system"):
        load_or_create_keys(tmp_path)


async def test_the_apps_own_durable_client_needs_no_key(serve: Serve) -> None:
    """The real host gives it an endpoint that only the machine itself reaches."""
    header = """
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""
    source = """
    @app.route()
    @app.durable_client_input(client_name="client")
    async def ask(req: func.HttpRequest, client) -> func.HttpResponse:
        return func.HttpResponse(str((await client.get_status("none")).runtime_status))
    """

    async with serve(source, header=header, keys=KEYS) as app:
        answer = await app.get("/api/ask")

    assert (answer.status, answer.body) == (200, b"None")
