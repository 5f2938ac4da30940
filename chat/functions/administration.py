"""What admins may ask for over HTTP: the export of a room, the erasure of a user, and how far a job is.

The paths begin with `manage`: the platform keeps those that begin with `admin` for itself. Each function's name sorts
before the page's.
"""

from functools import partial

import azure.durable_functions as df
import azure.functions as func

from chat.administration import erasure_job, export
from chat.administration.export import Export
from chat.administration.jobs import Job, JobKind, JobStore, new_job_id
from chat.call_record import CallRecord
from chat.durable_client import CLIENT_BINDING, DurableClient, InstanceStatus
from chat.errors import AdminsOnly, InvalidRequest, UnknownPart
from chat.functions.handled_calls import answer_request
from chat.functions.jobs import ORCHESTRATIONS
from chat.functions.process_state import process_state
from chat.http_answers import NO_STORE, json_response
from chat.identity import signed_in_user, stored_user
from chat.json_text import parse_json
from chat.logs import log
from chat.names import room_name
from chat.room_list.store import now_ms
from chat.settings import Auth, Settings, current_settings
from chat.times import timestamp

bp = df.Blueprint()

JSON = "application/json"
NDJSON = "application/x-ndjson"
MAX_BODY_BYTES = 4096
# The platform's states of an orchestration, as a job's status says them.
STATES = {"Completed": "completed", "Failed": "failed", "Terminated": "failed", "Canceled": "failed"}


def signed_in_admin(req: func.HttpRequest, settings: Settings, record: CallRecord) -> str:
    """Return the id of the admin who makes a request; raises SignInRequired, or AdminsOnly, in open mode always."""
    if settings.auth is not Auth.EASYAUTH:
        raise AdminsOnly
    user = record.user = signed_in_user(req.headers, settings).id
    if not settings.is_admin(user):
        raise AdminsOnly
    return user


@bp.route(route="manage/rooms/{room}/export", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def export_room(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Start the export of a room; answers 202 with the job's id and the path of its status."""
    return await answer_request(req, context, partial(start_export, req, client))


async def start_export(req: func.HttpRequest, client: str, record: CallRecord) -> func.HttpResponse:
    """Return 202 for an admin; raises AdminsOnly, SignInRequired, InvalidName, NotConfigured or StorageUnavailable."""
    settings = current_settings()
    admin, room = signed_in_admin(req, settings, record), room_name(req.route_params.get("room"))
    job = Job(new_job_id(JobKind.EXPORT), JobKind.EXPORT, admin, now_ms(), room=room)
    return await start_job(job, settings, DurableClient(client))


@bp.route(route="manage/users/erase", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def erase_user(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Start the erasure of the user that the body names; answers 202 with the job's id and the path of its status."""
    return await answer_request(req, context, partial(start_erasure, req, client))


async def start_erasure(req: func.HttpRequest, client: str, record: CallRecord) -> func.HttpResponse:
    """Return 202 for an admin; raises as `start_export`, and InvalidRequest."""
    settings = current_settings()
    admin, user = signed_in_admin(req, settings, record), named_user(req)
    job = Job(new_job_id(JobKind.ERASE), JobKind.ERASE, admin, now_ms(), user=user)
    return await start_job(job, settings, DurableClient(client))


def named_user(req: func.HttpRequest) -> str:
    """Return the user in the body `{"user"}`; raises InvalidRequest or InvalidName.

    The body must say that it is JSON: a page of another site cannot make a browser send that without being asked.
    """
    if not req.headers.get("content-type", "").lower().startswith(JSON):
        raise InvalidRequest(f"the body must be {JSON}")
    body = req.get_body()
    try:
        content = parse_json(body) if len(body) <= MAX_BODY_BYTES else None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("user"), str):
        raise InvalidRequest('the body must be {"user": "…"}')
    return stored_user(content["user"])


async def start_job(job: Job, settings: Settings, durable: DurableClient) -> func.HttpResponse:
    """Store a job and start it; raises NotConfigured or StorageUnavailable."""
    state = erasure_job.ErasureState().encode() if job.kind is JobKind.ERASE else export.ExportState().encode()
    await JobStore(await process_state().tables.get(settings)).create(job)
    await durable.start(ORCHESTRATIONS[job.kind], job.id, {"v": 1, "job": job.id, "state": state})
    log.info("a job was started", extra={"job": job.id, "user": job.by})
    path = f"/manage/jobs/{job.id}"
    return json_response({"id": job.id, "status": path}, status=202, headers=NO_STORE | {"Location": path})


@bp.route(route="manage/jobs/{job}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@bp.generic_input_binding(arg_name="client", type=CLIENT_BINDING)
async def job_status(req: func.HttpRequest, client: str, context: func.Context) -> func.HttpResponse:
    """Return how far a job is."""
    return await answer_request(req, context, partial(answer_status, req, client))


async def answer_status(req: func.HttpRequest, client: str, record: CallRecord) -> func.HttpResponse:
    """Return the job's status for an admin; raises as `start_export`, and UnknownJob."""
    settings = current_settings()
    signed_in_admin(req, settings, record)
    job = await JobStore(await process_state().tables.get(settings)).read(req.route_params.get("job", ""))
    status = await DurableClient(client).read_status(job.id)
    return json_response(status_fields(job, status), headers=NO_STORE)


def status_fields(job: Job, status: InstanceStatus | None) -> dict[str, object]:
    """Return a job's status; a job whose orchestration was never started has failed."""
    state = STATES.get(status.state, "running") if status else "failed"
    fields: dict[str, object] = {"id": job.id, "kind": job.kind, "by": job.by, "at": timestamp(job.at)}
    fields |= {"status": state, "progress": (status.custom if status else None) or {}}
    if job.kind is JobKind.EXPORT:
        fields |= {"room": job.room, "lines": f"/manage/jobs/{job.id}/lines"}
    return fields


@bp.route(route="manage/jobs/{job}/lines", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def job_lines(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return one part of an export as JSON lines; `part` counts from 1."""
    return await answer_request(req, context, partial(answer_lines, req))


async def answer_lines(req: func.HttpRequest, record: CallRecord) -> func.HttpResponse:
    """Return the part for an admin; raises as `answer_status`, InvalidRequest and UnknownPart."""
    settings, process = current_settings(), process_state()
    signed_in_admin(req, settings, record)
    number = parse_part(req.params.get("part"))
    jobs = JobStore(await process.tables.get(settings))
    job = await jobs.read(req.route_params.get("job", ""))
    lines = await Export(await process.room_logs(settings), jobs, job).read_part(number)
    return func.HttpResponse(lines, status_code=200, headers=NO_STORE, mimetype=NDJSON)


def parse_part(value: str | None) -> int:
    """Return the number of a part, 1 without one; raises InvalidRequest, or UnknownPart for one that cannot be."""
    if value is None:
        return 1
    if not (value.isascii() and value.isdigit()):
        raise InvalidRequest("part must be a number")
    if len(value) > 9 or int(value) < 1:
        raise UnknownPart(int(value[:9]))
    return int(value)
