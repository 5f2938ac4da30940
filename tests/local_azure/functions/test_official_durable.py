"""Every durable function under the official runtime, with the binding data that the embedded host handed it.

Real flows run on the embedded host and each call of an entity, orchestrator or activity is recorded; then
`azure-functions-runtime` gets the same text and must answer the same.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest

from local_azure import functions
from tests.chat.local_chat import HUB, ROOT, run_chat
from tests.local_azure.functions.official.flows import (
    TOGETHER,
    Flow,
    durable_client,
    run_chat_flows,
    run_flow,
    run_sample,
    sdk_client,
)
from tests.local_azure.functions.official.recording import differences, recorded_calls, settled
from tests.local_azure.functions.official.runtime import OfficialApp, official_app

SAMPLE = Path(__file__).parent / "durable" / "app"


def durable_functions(app: OfficialApp) -> set[str]:
    """Return the names of the entities, orchestrators and activities that the official runtime indexed."""
    kinds = {"entityTrigger", "orchestrationTrigger", "activityTrigger"}

    def is_durable(function: dict[str, Any]) -> bool:
        return any(binding["type"] in kinds for binding in function["rawBindings"])

    return {function["name"] for function in app.functions if is_durable(function)}


async def test_every_durable_function_of_the_chat_answers_the_same() -> None:
    with recorded_calls() as calls:
        async with run_chat(ChatAuth="easyauth", ChatAdmins="aad:id-of-root") as chat:
            await run_chat_flows(chat)
            # The activities call the service and storage, so these must still run.
            settings = {
                "WebPubSubConnectionString": chat.service.connection_string,
                "WebPubSubHub": HUB,
                "AzureWebJobsStorage": chat.storage.connection_string,
                "ChatAuth": "easyauth",
                "ChatAdmins": "aad:id-of-root",
            }
            client = durable_client(chat.url)
            async with official_app(ROOT, settings, prefix="", durable_client=client) as official:
                assert {call.function for call in calls} == durable_functions(official)
                different = await differences(settled(list(calls)), official)

    assert not different, "\n".join(different)


@pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")  # an event before its wait: the SDK says so
async def test_every_durable_function_of_another_app_answers_the_same(tmp_path: Path) -> None:
    with recorded_calls() as calls:
        async with functions.serve(SAMPLE) as host:
            await run_sample(host, tmp_path)
    (tmp_path / "began").unlink()  # or the activity that counts its runs would go on counting

    async with official_app(SAMPLE, {}) as official:
        assert {call.function for call in calls} == durable_functions(official)
        different = await differences(calls, official, TOGETHER)

    assert not different, "\n".join(different)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("value += context.get_input()", "value += 2 * context.get_input()"),
        ("context.set_result(value)", "context.set_result(7)"),
    ],
)
async def test_a_state_or_a_result_that_differs_is_noticed(tmp_path: Path, written: str, instead: str) -> None:
    """The official runtime is given an app that was changed after the recording."""
    changed = changed_sample(tmp_path, "sample_entities.py", written, instead)
    with recorded_calls() as calls:
        async with functions.serve(SAMPLE) as host, sdk_client(host) as client:
            await run_flow(client, Flow("uses_entity", "used"), "flow")
    entity_calls = [call for call in calls if call.function == "Tally"]

    async with official_app(SAMPLE, {}) as official:
        assert not await differences(entity_calls, official)
    async with official_app(changed, {}) as official:
        assert await differences(entity_calls, official)


async def test_a_parameter_that_no_binding_names_is_noticed(tmp_path: Path) -> None:
    changed = changed_sample(tmp_path, "sample_activities.py", "def slowly(value: int)", "def slowly(number: int)")

    async with official_app(changed, {}) as official:
        assert official.failure is not None
        assert durable_functions(official) == set()


def changed_sample(folder: Path, file: str, written: str, instead: str) -> Path:
    """Return a copy of the sample app in which something else is written."""
    changed = folder / "app"
    shutil.copytree(SAMPLE, changed, ignore=shutil.ignore_patterns("__pycache__"))
    source = (changed / file).read_text()
    assert written in source
    (changed / file).write_text(source.replace(written, instead))
    return changed
