"""A blueprint, so that indexing one is compared as well."""

import azure.functions as func

bp = func.Blueprint()


@bp.function_name("from_blueprint")
@bp.route(route="parts/{name:alpha}", methods=["GET"])
def part(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params["name"])
