"""The peer: a chat as tutorials write it. The SDK is imported at the top, and every event makes a new client."""

import json
import os

import azure.functions as func
from azure.messaging.webpubsubservice import WebPubSubServiceClient

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="eventhandler/{event?}", methods=["POST", "OPTIONS"])
def eventhandler(req: func.HttpRequest) -> func.HttpResponse:
    """Send what was said to everyone in the hub; believe everybody."""
    if req.method == "OPTIONS":
        return func.HttpResponse(headers={"WebHook-Allowed-Origin": "*"})
    service = WebPubSubServiceClient.from_connection_string(
        os.environ["WebPubSubConnectionString"], hub="Sample_ChatApp"
    )
    line = {"from": req.headers.get("ce-userId"), "message": req.get_body().decode()}
    service.send_to_all(json.dumps(line), content_type="application/json")
    return func.HttpResponse(status_code=204)
