"""The Function App indexes anywhere, reaches nothing while it does, and its routes are tried in the right order."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
INDEX = """
import json, sys
reached = []
network = ("socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, details: reached.append(event) if event in network else None)
import function_app
found = {f.get_function_name(): f.get_raw_bindings() for f in function_app.app.get_functions()}
functions = {name: [json.loads(binding) for binding in bindings] for name, bindings in found.items()}
modules = ["azure.messaging.webpubsubservice", "azure.identity", "jwt", "cryptography", "importlib.metadata"]
print(json.dumps({"functions": functions, "reached": reached, "loaded": [m for m in modules if m in sys.modules]}))
"""
HTTP_ROUTES = {
    "erase_user": "manage/users/erase",
    "eventhandler": "eventhandler/{event?}",
    "export_room": "manage/rooms/{room}/export",
    "healthz": "healthz",
    "job_lines": "manage/jobs/{job}/lines",
    "job_status": "manage/jobs/{job}",
    "negotiate": "negotiate",
    "readyz": "readyz",
    "readyz_details": "readyz/details",
    "rooms": "rooms",
    "roster": "rooms/{room}",
    "session": "session",
    "zz_page": "{*path}",
}
DURABLE = {
    "count_members",
    "directory_entity",
    "erase_orchestrator",
    "erase_step",
    "expire_idle_room",
    "export_orchestrator",
    "export_step",
    "remind_when_due",
    "room_entity",
    "send_reminder",
    "sweep_rooms",
    "sweep_step",
}


@cache
def index(**environment: str) -> dict[str, Any]:
    """Index the app in a process of its own, with nothing in its environment but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    process = subprocess.run(
        [sys.executable, "-c", INDEX], cwd=ROOT, env=kept | environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(process.stdout))


def triggers(**environment: str) -> dict[str, dict[str, Any]]:
    functions = index(**environment)["functions"]
    return {name: next(b for b in found if b["type"].endswith("Trigger")) for name, found in functions.items()}


def test_an_empty_environment_is_enough_to_index_every_function() -> None:
    assert set(index()["functions"]) == set(HTTP_ROUTES) | DURABLE


def test_the_names_that_running_instances_have_stored_never_change() -> None:
    """A renamed entity loses its state; a renamed orchestration or activity fails the instances that are running."""
    stored = {
        name: next(trigger[key] for key in ("entityName", "orchestration", "activity") if trigger.get(key))
        for name, trigger in triggers().items()
        if name in DURABLE
    }

    assert stored == {
        "count_members": "look_into_room",
        "directory_entity": "directory",
        "erase_orchestrator": "erase_user",
        "erase_step": "erase_step",
        "expire_idle_room": "room_care",
        "export_orchestrator": "export_room",
        "export_step": "export_step",
        "remind_when_due": "reminder",
        "room_entity": "room",
        "send_reminder": "say_reminder",
        "sweep_rooms": "sweep_rooms",
        "sweep_step": "sweep_step",
    }


def test_importing_the_app_reaches_nothing_and_leaves_the_sdks_for_later() -> None:
    assert index()["reached"] == []
    assert index()["loaded"] == []


def test_the_routes_are_those_that_the_documentation_promises() -> None:
    routes = {name: trigger["route"] for name, trigger in triggers().items() if trigger["type"] == "httpTrigger"}

    assert routes == HTTP_ROUTES


def test_the_pages_catch_all_is_tried_last() -> None:
    """The host takes the first route that matches, in alphabetical order of the functions' names."""
    catch_alls = [name for name, route in HTTP_ROUTES.items() if "{*" in route]

    assert catch_alls == [max(HTTP_ROUTES, key=str.upper)] == ["zz_page"]


def test_every_name_follows_the_hosts_rules_and_not_only_the_workers() -> None:
    for name, bindings in index()["functions"].items():
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,127}", name)
        assert all(re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]{0,127}|\$return", binding["name"]) for binding in bindings)


def test_anyone_may_call_all_but_the_details_of_readiness_and_the_webhook_checks_for_itself() -> None:
    levels = {name: trigger["authLevel"] for name, trigger in triggers().items() if trigger["type"] == "httpTrigger"}

    assert {name for name, level in levels.items() if level != "ANONYMOUS"} == {"readyz_details"}
    assert levels["readyz_details"] == "FUNCTION"


def test_the_trust_in_a_function_key_makes_the_host_demand_one() -> None:
    assert triggers(ChatWebhookTrust="functionkey")["eventhandler"]["authLevel"] == "FUNCTION"


def test_the_webhook_takes_validation_requests() -> None:
    assert {"OPTIONS", "GET", "POST"} <= set(triggers()["eventhandler"]["methods"])


def test_the_pages_answer_to_head() -> None:
    assert triggers()["zz_page"]["methods"] == ["GET", "HEAD"]


def test_the_settings_example_starts_the_tutorials_chat() -> None:
    settings = json.loads((ROOT / "local.settings.json.example").read_text())

    assert settings["IsEncrypted"] is False
    assert settings["Values"]["ChatAuth"] == "open"
    assert settings["Values"]["WebPubSubHub"] == "Sample_ChatApp"
    assert settings["Values"]["WebPubSubConnectionString"].startswith("Endpoint=http://localhost:8080;AccessKey=")
    assert settings["Values"]["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"
