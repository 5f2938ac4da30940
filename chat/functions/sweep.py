"""The sweep of the list of rooms as an orchestration that never ends: it waits for an hour, then sweeps all partitions.

One instance with a fixed id does it for all processes; `chat/administration/sweep.py` has what one step does.
"""

from collections.abc import Generator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

from chat.administration.jobs import JobStore
from chat.administration.removal import LogRemoval
from chat.administration.sweep import SWEEP_ORCHESTRATION, VERSION, Position, Sweep, decode_position
from chat.functions.process_state import process_state
from chat.logs import log
from chat.room_list.store import now_ms
from chat.settings import current_settings

bp = df.Blueprint()

SWEEP_STEP = "sweep_step"
SWEEP_INTERVAL = timedelta(hours=1)
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=10_000, max_number_of_attempts=6)
# A long history is slow to replay: after so many steps the orchestration goes on with an empty one.
STEPS_OF_HISTORY = 32


@bp.orchestration_trigger(context_name="context", orchestration=SWEEP_ORCHESTRATION)
def sweep_rooms(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    """Wait for an hour, then sweep. An input with a position goes on from there without waiting.

    Its custom status has the position, the counts of the sweep, and when the last step ended.
    """
    content = context.get_input() or {}
    position = decode_position(content)
    if position is None:
        yield context.create_timer(context.current_utc_datetime + SWEEP_INTERVAL)
        context.continue_as_new(Position().encode())
        return
    counts: dict[str, int] = dict(content.get("counts") or {})
    for _ in range(STEPS_OF_HISTORY):
        try:
            done = yield context.call_activity_with_retry(SWEEP_STEP, RETRY, position.encode())
        except Exception:  # the activity failed six times and logged it; the next sweep comes here again
            done = {"position": position.next_partition().encode(), "counts": {"failed": 1}}
        position = decode_position(done["position"]) or Position(position.partition + 1)
        counts = {name: counts.get(name, 0) + done["counts"].get(name, 0) for name in counts | done["counts"]}
        at = context.current_utc_datetime.isoformat()
        context.set_custom_status(position.encode() | {"at": at, "counts": counts})
        if position.is_end:
            context.continue_as_new({"v": VERSION})
            return
    context.continue_as_new(position.encode() | {"counts": counts})


@bp.activity_trigger(input_name="content", activity=SWEEP_STEP)
async def sweep_step(content: dict) -> dict:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Sweep from a position for about half a minute; return the position to go on from, and what was done."""
    settings, process = current_settings(), process_state()
    tables, room_list = await process.tables.get(settings), await process.room_list(settings)
    sweep = Sweep(await process.gateways.get(settings), room_list.store, LogRemoval(tables), settings, now_ms())
    position = decode_position(content) or Position()
    try:
        if position == Position():
            await JobStore(tables).remove_old(sweep.now)
        position = await sweep.run(position)
    except Exception:
        log.exception("the sweep failed", extra={"position": content})
        raise
    return {"position": position.encode(), "counts": asdict(sweep.counts)}
