"""The peer: a chat on Flask's development server that sends on what is said and stores nothing.

`python bench/peers/flask/chat.py PORT`. A text goes to everyone in the hub. JSON with a room goes to the room's group,
which a client enters when it connects with a token for `/negotiate?room=`.
"""

import os
import sys

from azure.messaging.webpubsubservice import WebPubSubServiceClient
from flask import Flask, Response, request

app = Flask(__name__)
service = WebPubSubServiceClient.from_connection_string(os.environ["WebPubSubConnectionString"], hub="Sample_ChatApp")


@app.get("/negotiate")
def negotiate() -> tuple[dict[str, str] | str, int]:
    """Return the URL that the user may connect to."""
    user, room = request.args.get("id"), request.args.get("room")
    if not user:
        return "missing user id", 400
    token = service.get_client_access_token(user_id=user, groups=[room] if room else [])
    return {"url": token["url"]}, 200


@app.route("/eventhandler", methods=["OPTIONS", "POST"])
def handle_event() -> Response:
    """Accept the validation request; send on what a user says."""
    if request.method == "OPTIONS":
        return Response(headers={"WebHook-Allowed-Origin": "*"})
    if request.headers["ce-type"] == "azure.webpubsub.user.message":
        publish_message(request.headers["ce-userId"])
    return Response(content_type="text/plain", status=200)


def publish_message(user: str) -> None:
    """Send the event's text to everyone in the hub, or to its room."""
    if request.is_json:
        content = request.get_json()
        line = {"from": user, "message": content["message"]}
        service.send_to_group(content["room"], line, content_type="application/json")
    else:
        line = {"from": user, "message": request.get_data(as_text=True)}
        service.send_to_all(line, content_type="application/json")


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
