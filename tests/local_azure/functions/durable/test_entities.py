"""Entities end to end: signals and reads through the SDK's client, operations in the SDK's entity functions."""

import asyncio
import json
import logging
from typing import Any

import azure.durable_functions as df
import pytest
from azure.durable_functions import EntityId

from local_azure.functions.durable.protocol.entity_batch import EntityAnswerError, entity_input, parse_batch_answer
from local_azure.functions.durable.protocol.history import from_microseconds
from local_azure.functions.durable.protocol.identifiers import EntityId as Id
from local_azure.functions.durable.protocol.work_items import Batch, EntityRequest, QueuedRequest

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")


async def signal(durable: Any, key: str, operation: str, value: Any = None, name: str = "Tally") -> None:
    await durable.client.signal_entity(EntityId(name, key), operation, value)


async def test_a_signal_is_applied(durable: Any) -> None:
    await signal(durable, "main", "add", 5)

    assert await durable.state("main", lambda state: True) == 5


async def test_an_entity_that_was_never_signaled_does_not_exist(durable: Any) -> None:
    """Reading a missing entity says `entity_exists` False (D-045)."""
    assert not (await durable.client.read_entity_state(EntityId("Tally", "nobody"))).entity_exists


async def test_a_thousand_signals_are_all_applied(durable: Any) -> None:
    """D-063: they sum correctly; how long they take is measured in bench/."""
    await asyncio.gather(*[signal(durable, "busy", "add", n) for n in range(1, 1001)])

    assert await durable.state("busy", lambda state: state == 500_500) == 500_500


async def test_operations_of_one_entity_never_overlap_and_keep_their_order(durable: Any, sample: Any) -> None:
    """D-040, D-041: two entities at once, each strictly one after the other."""
    for n in range(1, 31):
        await signal(durable, "left", "slow" if n % 10 == 0 else "note", n, "Journal")
        await signal(durable, "right", "note", n, "journal")

    expected = list(range(1, 31))
    assert await durable.state("left", lambda state: len(state) == 30, "Journal") == expected
    assert await durable.state("right", lambda state: len(state) == 30, "JOURNAL") == expected
    assert sample.module.overlaps == []


async def test_different_entities_run_at_the_same_time(durable: Any, sample: Any) -> None:
    """D-040: each waits in its operation until the other has begun its own."""
    sample.module.barrier.reset()
    await asyncio.gather(signal(durable, "a", "meet", 1, "Meeting"), signal(durable, "b", "meet", 1, "Meeting"))

    assert await durable.state("a", lambda state: True, "Meeting") == "met"
    assert await durable.state("b", lambda state: True, "Meeting") == "met"


async def test_an_error_does_not_stop_the_next_operation_and_what_was_set_stays(durable: Any) -> None:
    """There is no rollback of a failed operation (D-042)."""
    await signal(durable, "erring", "set_then_fail", 5)
    await signal(durable, "erring", "nonsense")
    await signal(durable, "erring", "add", 1)

    assert await durable.state("erring", lambda state: state == 6) == 6


async def test_a_deleted_entity_does_not_exist(durable: Any) -> None:
    """After `destruct_on_exit` the entity cannot be read (D-044)."""
    await signal(durable, "gone", "add", 1)
    await durable.state("gone", lambda state: True)
    await signal(durable, "gone", "delete")

    async def is_gone() -> Any:
        read = await durable.client.read_entity_state(EntityId("Tally", "gone"))
        return None if read.entity_exists else True

    assert await durable.eventually(is_gone)


async def test_names_are_found_without_case_and_keys_with(durable: Any) -> None:
    """Letter case counts in an entity's key, not in its name (D-047)."""
    await signal(durable, "Key", "add", 1, "TALLY")
    await signal(durable, "key", "add", 2, "tally")

    assert await durable.state("Key", lambda state: True, "tAlLy") == 1
    assert await durable.state("key", lambda state: True) == 2


async def test_a_signal_with_a_falsy_input_has_none(durable: Any) -> None:
    """D-039: the SDK's client drops 0, so `add` fails on its missing input."""
    await signal(durable, "falsy", "add", 0)
    await signal(durable, "falsy", "add", 2)

    assert await durable.state("falsy", lambda state: True) == 2


async def test_a_batch_that_cannot_be_saved_keeps_the_old_state_and_is_tried_again(
    serve: Any, sample: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """D-046: operations before the bad one are applied, those after it wait, as in the real extension."""
    sample.module.operation_reached.clear()
    sample.module.operation_may_go_on.clear()
    async with serve(first_retry_seconds=0.001, longest_retry_seconds=0.002) as running:
        await signal(running, "stuck", "hold")
        await asyncio.to_thread(sample.module.operation_reached.wait, 10)
        for operation, value in (("add", 2), ("unserialisable", None), ("add", 4)):
            await signal(running, "stuck", operation, value)
        sample.module.operation_may_go_on.set()

        async def tried_again() -> Any:
            failures = [record for record in caplog.records if record.message == "entity batch failed"]
            return True if [record.operations for record in failures][:3] == [3, 1, 1] else None  # type: ignore[attr-defined]

        assert await running.eventually(tried_again)
        assert await running.state("stuck", lambda state: True) == 2


DISK_FULL = """
CREATE TRIGGER full BEFORE INSERT ON inbox WHEN NEW.event LIKE '%result%' BEGIN SELECT RAISE(ABORT, 'disk'); END
"""


async def test_state_queue_and_replies_are_saved_together_or_not_at_all(durable: Any) -> None:
    """When the reply to a caller cannot be saved, the operation has not happened; later it happens once."""
    store = durable.backend._store
    await store.run(lambda db: db.execute(DISK_FULL))
    instance_id = await durable.client.start_new("counts_itself")
    await durable.entity_idle("tally", "runs")
    assert not (await durable.client.read_entity_state(EntityId("Tally", "runs"))).entity_exists

    await store.run(lambda db: db.execute("DROP TRIGGER full"))
    await signal(durable, "runs", "get")

    assert (await durable.finished(instance_id)).output == 1
    assert await durable.state("runs", lambda state: True) == 1


async def test_a_failed_operation_is_logged_with_its_name(durable: Any, caplog: pytest.LogCaptureFixture) -> None:
    await signal(durable, "logged", "nonsense")
    await signal(durable, "logged", "add", 1)
    await durable.state("logged", lambda state: True)

    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.message == 'entity operation failed: "no operation nonsense"'
    assert (record.entity, record.operation) == ("tally", "nonsense")  # type: ignore[attr-defined]


def _batch(*inputs: str | None, state: str | None = None, parent: tuple[str, str] | None = None) -> Batch:
    entity = Id("counter", "main")
    requests = [EntityRequest(entity, "add", text, f"id-{n}", parent) for n, text in enumerate(inputs)]
    return Batch(entity, state is not None, state, [QueuedRequest(n, request) for n, request in enumerate(requests)])


def _counter(context: df.DurableEntityContext) -> None:
    if context.operation_name == "add":
        context.set_state(context.get_state(lambda: 0) + context.get_input())
        context.set_result(context.get_state())


NOW = from_microseconds(0)


def test_an_entity_is_asked_with_exactly_four_keys() -> None:
    """D-037, D-038: the client's body text is the input verbatim, JSON within JSON."""
    asked = json.loads(entity_input(_batch('"2"', None, state="5")))

    assert asked.keys() == {"self", "exists", "state", "batch"}
    assert asked["batch"] == [
        {"name": "add", "input": '"2"', "isSignal": True},
        {"name": "add", "input": None, "isSignal": True},
    ]
    assert df.Entity.create(_counter)(entity_input(_batch('"2"', state="5")))


def test_a_state_nobody_touched_is_kept_verbatim() -> None:
    """The stored text keeps its white space and its order of keys (D-043)."""
    batch = _batch('"1"', state='{"b":  1, "a": 2}')
    applied = parse_batch_answer(batch, df.Entity.create(lambda context: None)(entity_input(batch)), NOW)

    assert (applied.exists, applied.state) == (True, '{"b":  1, "a": 2}')


def test_callers_get_results_and_errors() -> None:
    """D-034, D-035: the key `exceptionType` alone marks a failure."""
    batch = _batch('"2"', None, parent=("inst", "e1"))
    good, bad = parse_batch_answer(batch, df.Entity.create(_counter)(entity_input(batch)), NOW).replies

    assert (good.instance_id, good.execution_id, good.event["Name"]) == ("inst", "e1", "id-0")
    assert json.loads(good.event["Input"]) == {"result": "2"}
    assert json.loads(bad.event["Input"]).keys() == {"result", "exceptionType"}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        '{"entityExists": true, "entityState": "1", "results": [], "signals": []}',
        '{"entityExists": true, "entityState": "1", "signals": [],'
        ' "results": [{"isError": false, "result": null}, {"isError": false, "result": null}]}',
    ],
)
def test_an_answer_that_does_not_fit_the_batch_is_refused(answer: str) -> None:
    with pytest.raises(EntityAnswerError):
        parse_batch_answer(_batch('"1"'), answer, NOW)


def test_signals_from_an_entity_are_refused_by_name() -> None:
    answer = {
        "entityExists": True,
        "entityState": "1",
        "results": [{"isError": False, "result": None}],
        "signals": [{}],
    }
    with pytest.raises(EntityAnswerError, match="signals sent by an entity are not implemented"):
        parse_batch_answer(_batch('"1"'), json.dumps(answer), NOW)
