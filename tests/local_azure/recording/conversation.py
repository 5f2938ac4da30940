"""A recording for the tests of commands, fixtures and the page."""

# As somebody may write it by hand: ana sends to a group in which bo is, and asks the app something.
CONVERSATION = """{"recording": 1}
{"step": "connect", "client": "ana", "hub": "chat", "user": "ana", "protocols": ["json.webpubsub.azure.v1"], \
"roles": ["webpubsub.sendToGroup"]}
{"step": "open", "client": "ana", "protocol": "json.webpubsub.azure.v1"}
{"step": "receive", "client": "ana", \
"frame": {"type": "system", "event": "connected", "userId": "ana", "connectionId": "⟨connection ana⟩"}}
{"step": "connect", "client": "bo", "hub": "chat", "user": "bo", "groups": ["room"]}
{"step": "open", "client": "bo", "protocol": null}
{"step": "send", "client": "ana", \
"frame": {"type": "sendToGroup", "group": "room", "dataType": "text", "data": "tea?", "ackId": 1}}
{"step": "receive", "client": "bo", "frame": "tea?"}
{"step": "receive", "client": "ana", "frame": {"type": "ack", "ackId": 1, "success": true}}
{"step": "send", "client": "ana", \
"frame": {"type": "event", "event": "count", "dataType": "json", "data": {"text": "tea"}, "ackId": 2}}
{"step": "event", "client": "ana", "event": "user.count", "dataType": "json", "data": {"text": "tea"}}
{"step": "answer", "client": "ana", "event": "user.count", "status": 200, "data": {"characters": 3}}
{"step": "receive", "client": "ana", \
"frame": {"type": "message", "from": "server", "dataType": "json", "data": {"characters": 3}}}
{"step": "receive", "client": "ana", "frame": {"type": "ack", "ackId": 2, "success": true}}
{"step": "leave", "client": "bo", "code": 1000}
{"step": "leave", "client": "ana", "code": 1000}
"""
