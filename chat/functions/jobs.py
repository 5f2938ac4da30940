"""The orchestrations of jobs: an export, an erasure. Each step is an activity that may run twice.

The state is handed from step to step, so that a job goes on where it was when the app or the platform is started anew.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import azure.durable_functions as df

from chat.administration import erasure_job, export
from chat.administration.erasure import Erasure
from chat.administration.jobs import JobKind, JobStore
from chat.commands.reminder_store import ReminderStore
from chat.commands.waiting_reminders import WaitingReminders
from chat.durable_client import CLIENT_BINDING, DurableClient
from chat.functions.process_state import process_state
from chat.logs import log
from chat.room_list.store import now_ms
from chat.settings import current_settings

bp = df.Blueprint()

# Stored with running instances: they never change.
ORCHESTRATIONS = {JobKind.EXPORT: "export_room", JobKind.ERASE: "erase_user"}
EXPORT_STEP, ERASE_STEP = "export_step", "erase_step"
# An outage of an hour only delays a job.
RETRY = df.RetryOptions(first_retry_interval_in_milliseconds=30_000, max_number_of_attempts=120)
# A long history is slow to replay: after so many steps a job goes on with an empty one.
STEPS_OF_HISTORY = 32

Steps = Generator[Any, Any, Any]


@bp.orchestration_trigger(context_name="context", orchestration=ORCHESTRATIONS[JobKind.EXPORT])
def export_orchestrator(context: df.DurableOrchestrationContext) -> Steps:
    """Find out which entries each part of an export has."""
    return run_steps(context, EXPORT_STEP)


@bp.orchestration_trigger(context_name="context", orchestration=ORCHESTRATIONS[JobKind.ERASE])
def erase_orchestrator(context: df.DurableOrchestrationContext) -> Steps:
    """Erase a user from all rooms."""
    return run_steps(context, ERASE_STEP)


def run_steps(context: df.DurableOrchestrationContext, step: str) -> Steps:
    """Run steps until one says that the job is done; the custom status and the output are the job's progress."""
    content = context.get_input()
    for _ in range(STEPS_OF_HISTORY):
        content = yield context.call_activity_with_retry(step, RETRY, content)
        context.set_custom_status(content["progress"])
        if content["state"]["is_done"]:
            return content["progress"]
    context.continue_as_new(content)
    return None


@bp.activity_trigger(input_name="content", activity=EXPORT_STEP)
async def export_step(content: dict) -> dict:  # type: ignore[type-arg]  # the worker takes plain classes only
    """Do one step of an export and return its new state."""
    settings, process = current_settings(), process_state()
    jobs = JobStore(await process.tables.get(settings))
    job = await jobs.read(content["job"])
    state = await export.Export(await process.room_logs(settings), jobs, job).step(
        export.decode_state(content["state"])
    )
    if state.is_done:
        await jobs.finish(job, state.counts(), now_ms())
        log.info("a room was exported", extra={"room": job.room, "user": job.by, "job": job.id, **state.counts()})
    return {"job": job.id, "state": state.encode(), "progress": state.progress()}


@bp.activity_trigger(input_name="content", activity=ERASE_STEP)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def erase_step(content: dict, client: str) -> dict:  # type: ignore[type-arg]
    """Work on an erasure for some seconds and return its new state. The user's name never reaches the orchestration."""
    settings, process = current_settings(), process_state()
    tables, gateway = await process.tables.get(settings), await process.gateways.get(settings)
    jobs, room_list = JobStore(tables), (await process.room_list(settings)).store
    job, state = await jobs.read(content["job"]), erasure_job.decode_state(content["state"])
    if job.user:
        reminders = ReminderStore(DurableClient(client), WaitingReminders(tables))
        erasure = Erasure(await process.room_logs(settings), tables, gateway, job.id, job.user, job.by)
        work = erasure_job.ErasureJob(erasure, room_list, lambda: reminders.erase(job.user), now_ms)
        state = await work.run(state)
        if state.is_done:
            await jobs.finish(job, state.counts(), now_ms())
            log.info("a user was erased", extra={"user": job.by, "job": job.id, **state.counts()})
    else:  # this step ended before, and only its answer was lost
        state = replace(state, is_done=True)
    return {"job": job.id, "state": state.encode(), "progress": state.progress()}
