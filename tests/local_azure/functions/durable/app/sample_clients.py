"""The sample app's client functions: HTTP triggers with a durable client, in a blueprint."""

# The SDK's decorators are untyped.
# mypy: disable-error-code="untyped-decorator, no-any-return, import-untyped"

import azure.durable_functions as df
import azure.functions as func

bp = df.Blueprint()


@bp.route(route="start/{name}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def start(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, context: func.Context
) -> func.HttpResponse:
    """Starts an orchestration and answers with its check-status response."""
    client_input = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], client_input=client_input)
    return client.create_check_status_response(req, instance_id)


@bp.route(route="run/{name}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def run(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Starts an orchestration and waits a little for its end."""
    client_input = req.get_json() if req.get_body() else None
    instance_id = await client.start_new(req.route_params["name"], client_input=client_input)
    wait = int(req.params.get("wait", "5000"))
    return await client.wait_for_completion_or_create_check_status_response(req, instance_id, wait, min(wait, 20))


@bp.route(route="tally/{key}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def add_to_tally(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Signals the entity."""
    await client.signal_entity(df.EntityId("Tally", req.route_params["key"]), "add", req.get_json())
    return func.HttpResponse(status_code=204)
