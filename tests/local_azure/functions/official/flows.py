"""Real flows through both apps' durable functions, so that each of them is called at least once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from azure.durable_functions import DurableOrchestrationClient, EntityId
from azure.durable_functions.models.utils import http_utils

from local_azure.functions import RunningHost
from tests.chat.local_chat import JSON, LocalChat, until

DURABLE = "/runtime/webhooks/durabletask"
TOGETHER = frozenset({"Meeting"})


@dataclass(frozen=True)
class Flow:
    """An orchestration with its input, and the events to raise: each a name and its content.

    With `is_rewound` it fails at first, and is rewound once.
    """

    name: str
    input: Any = None
    events: tuple[tuple[str, Any], ...] = ()
    is_rewound: bool = False


def sample_flows(folder: Path) -> tuple[Flow, ...]:
    """Return flows through every orchestrator and activity of the sample app; `folder` is for their marks."""
    (folder / "go").touch()
    return (
        Flow("one_activity", 21),
        Flow("calls_one", ["slowly", 1]),
        Flow("calls_one", ["where", "x"]),
        Flow("calls_one", ["not_json", "x"]),
        Flow("calls_one", ["echo", {"ü": [1.5, None, "\u2028"]}]),
        Flow("calls_one", ["holds", str(folder)]),
        Flow("calls_one", ["leaves", "cancelled"]),
        Flow("calls_one", ["leaves", ""]),
        Flow("calls_one", ["exits", 3]),
        Flow("counts_itself"),
        Flow("no_steps", {"a": 1}),
        Flow("fan_out", [1, 2, 3]),
        Flow("mixed_fan_out", "mixed"),
        Flow("retrying", {"token": "gives-up", "failures": 3, "attempts": 2}),
        Flow("catches", {"token": "caught", "failures": 1}),
        Flow("one_failing", "not_json"),
        Flow("raises_error"),
        Flow("yields_no_task"),
        Flow("bad_output"),
        Flow("approval", 60, (("Decision", "yes"),)),
        Flow("leaves_timer", 0.01),
        Flow("waits_for", ["a", "b"], (("a", 1), ("b", {"c": 2}))),
        Flow("sleeps", 0.01),
        Flow("naive_timer"),
        Flow("parent", {"name": "reports_parent", "input": None}),
        Flow("retries_child", "retried"),
        Flow("countdown", {"left": 2, "seen": []}, (("tick", 1), ("tick", 2))),
        Flow("abandons_work", "first", (("go", 1),)),
        Flow("starts_and_continues", {"again": False, "folder": str(folder)}, (("early", 1), ("first", 1))),
        Flow("calls_one", ["leaves_mark", str(folder)]),
        Flow("catches_then_fails", {"token": "rewound", "failures": 1}, is_rewound=True),
        Flow("flaky_then_waits", {"token": "waits", "failures": 0}, (("go", 1),)),
        Flow("two_children", [["no_steps", 1], ["no_steps", 2]]),
        Flow("retries_in_vain", {"token": "in-vain", "failures": 2}),
        Flow("forgets_child", "start", (("go", 1),)),
        Flow("waits_for_release", "not held"),
        Flow("uses_entity", "used"),
        Flow("entity_fails", "fails"),
        Flow("calls_http", {"method": "GET", "uri": "http://127.0.0.1:9/"}),
        Flow("is_not_deterministic"),
        Flow("many_steps"),
        Flow("later", {"entity": "@tally@later", "at": "2026-01-01T00:00:00Z"}),
    )


SIGNALS = (
    *(("Tally", "signalled", operation, 5) for operation in ("add", "set_then_fail", "nonsense", "add")),
    *(("Tally", "signalled", operation, None) for operation in ("get", "reset", "delete")),
    ("Tally", "tried-again-and-again", "unserialisable", None),
    *(("Journal", "one", operation, {"n": operation}) for operation in ("note", "slow")),
    ("Meeting", "a", "meet", None),
    ("Meeting", "b", "meet", None),
)
MARKED = (("Journal", "one"), ("Meeting", "a"), ("Meeting", "b"), ("Tally", "later"))


async def run_sample(host: RunningHost, folder: Path) -> None:
    """Run every flow to its end, one after the other."""
    async with sdk_client(host) as client:
        for name, key, operation, content in SIGNALS:
            await client.signal_entity(EntityId(name, key), operation, content)
        for number, flow in enumerate(sample_flows(folder)):
            await run_flow(client, flow, f"flow-{number}")
        for name, key in MARKED:
            await until(partial(has_state, client, EntityId(name, key)))


@asynccontextmanager
async def sdk_client(host: RunningHost) -> AsyncIterator[DurableOrchestrationClient]:
    yield DurableOrchestrationClient(durable_client(host.url))
    # The SDK keeps one session for the process, bound to this loop.
    await http_utils._close_session()


async def run_flow(client: DurableOrchestrationClient, flow: Flow, instance_id: str) -> None:
    await client.start_new(flow.name, instance_id, flow.input)
    for event_name, content in flow.events:
        await client.raise_event(instance_id, event_name, content)
    if flow.name == "forgets_child":  # it waits for a child that its second execution starts
        await until(partial(has_status, client, "second", "Running"))
        await client.raise_event("second", "finish", None)
    if flow.is_rewound:
        await until(partial(has_status, client, instance_id, "Failed"))
        await client.rewind(instance_id, "mended")
        await until(partial(has_status, client, instance_id, "Completed"))
    await until(partial(has_status, client, instance_id, "Completed", "Failed"))


async def has_status(client: DurableOrchestrationClient, instance_id: str, *accepted: str) -> bool:
    status = await client.get_status(instance_id)
    return status.runtime_status is not None and status.runtime_status.value in accepted


async def has_state(client: DurableOrchestrationClient, entity: EntityId) -> bool:
    return bool((await client.read_entity_state(entity)).entity_exists)


def durable_client(url: str) -> str:
    """Return a durable client's binding that points at the embedded host's durable functions."""
    return json.dumps(
        {
            "taskHubName": "TestHubName",
            "creationUrls": {},
            "managementUrls": {},
            "baseUrl": f"{url}/runtime/webhooks/durabletask",
            "requiredQueryStringParameters": "",
            "rpcBaseUrl": f"{url}/runtime/webhooks/durabletask/",
        }
    )


ADMIN = {"x-ms-client-principal-name": "root", "x-ms-client-principal-id": "id-of-root"}
ADMIN |= {"x-ms-client-principal-idp": "aad"}


async def run_chat_flows(chat: LocalChat) -> None:
    """Get a reminder; export, erase and sweep as admins do; end what an earlier version left. root is an admin."""
    url = (await chat.get("/negotiate", headers=ADMIN))["url"]
    root = await chat.dial(url, subprotocol=JSON)
    await root.ask("message", {"message": "teh 🫖"})
    await root.ask("message", {"message": "/remind 1s tea"})
    await root.next(sender="reminder")
    for path, body in (("/manage/users/erase", {"user": "ana"}), ("/manage/rooms/lobby/export", None)):
        async with chat.http.post(chat.url + path, json=body, headers=ADMIN) as response:
            job = (await response.json())["id"]
        await until(partial(has_ended, chat, job))
        # The steps of a job that has ended have one answer; while it runs, the answer depends on the time.
        await start(chat, job, f"{job}-again")
    for name in ("swept-1", "swept-2"):  # the second finds nothing to correct
        await start(chat, name, name, "sweep_rooms", {"v": 1, "partition": 0, "after": ""})
    await start(chat, "care-design", "care-design", "room_care", {"v": 1, "room": "design"})
    async with chat.http.post(f"{chat.url}{DURABLE}/entities/directory/all?op=closed", json="{}") as response:
        assert response.status == 202


async def start(chat: LocalChat, known: str, name: str, orchestration: str = "", content: Any = None) -> None:
    """Start an orchestration, or one like a known instance, and wait until it ended or swept all partitions."""
    if not orchestration:
        status = await read_status(chat, known)
        orchestration, content = status["name"], status["input"]
    async with chat.http.post(f"{chat.url}{DURABLE}/orchestrators/{orchestration}/{name}", json=content) as response:
        assert response.status == 202
    await until(partial(has_ended, chat, name))


async def read_status(chat: LocalChat, name: str) -> dict[str, Any]:
    async with chat.http.get(f"{chat.url}{DURABLE}/instances/{name}?showInput=true") as response:
        return dict(await response.json())


async def has_ended(chat: LocalChat, name: str) -> bool:
    """Return whether an instance ended, or is a sweep that waits for the next hour."""
    status = await read_status(chat, name)
    return status["runtimeStatus"] == "Completed" or (status["customStatus"] or {}).get("partition") == 16
