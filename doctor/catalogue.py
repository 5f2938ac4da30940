"""Every check by its stable name, with the question that it answers."""

CHECKS = {
    "settings.file": "Which file do the settings on this machine come from, and can the host read it?",
    "settings.names": "Is the name of a setting misspelt?",
    "settings.placeholders": "Does the text of an example still stand in a value?",
    "settings.references": "Does a Key Vault reference stand unresolved in a value?",
    "settings.values": "Does the app take every value?",
    "settings.connection": "Is exactly one form of the connection set: a connection string, or an identity?",
    "settings.trust": "Can events be verified in the way that is set, with what is set?",
    "settings.container": "Does a variable make the host take this machine for Azure?",
    "functions.imported": "Can the app of this folder be imported and indexed?",
    "bundle.range": "Does `host.json` ask for version 4 of the extension bundle?",
    "package.files": "Does `.funcignore` publish what the app needs, and nothing private?",
    "libraries.abi": "Are packages that were built into the folder for the runtime's Python?",
    "ports.functions": "Is the app's port free, or the chat's?",
    "ports.webpubsub": "Is the port of Web PubSub free, or its own?",
    "ports.blobs": "Is port 10000 free, or a storage emulator's?",
    "ports.queues": "Is port 10001 free, or a storage emulator's?",
    "ports.tables": "Is the port of Table storage free, or its own?",
    "connection.string": "Can the connection string be read?",
    "connection.address": "Does a Web PubSub service answer at the address?",
    "connection.identity": "Does the app's identity get a token for the service?",
    "connection.token": "Does the service take our token?",
    "clock.service": "Does the service's clock agree with this machine's?",
    "health.alive": "Does the app answer?",
    "health.ready": "Does the app say that it is ready?",
    "clock.app": "Does the app's clock agree with this machine's?",
    "settings.auth": "May anybody connect?",
    "hub.name": "Has the hub one name everywhere?",
    "hub.handler": "Does `webpubsub.json` send every event of the hub to the app?",
    "hub.endpoint": "Are clients sent to the service of the connection string?",
    "functions.indexed": "Does the running host serve the functions of this folder?",
    "python.version": "Is Python new enough, and the one that the infrastructure asks for?",
    "libraries.versions": "Are the libraries those of `requirements.txt`?",
    "storage.tables": "Can the chat's tables be written?",
    "storage.durable": "Do Durable Functions answer?",
    "webhook.validation": "Does the webhook answer the service's OPTIONS?",
    "webhook.cors": "Does the app, and not the site's CORS, answer an OPTIONS in the form of a browser's?",
    "webhook.foreign_origin": "Is another service refused?",
    "webhook.several_origins": "Is a service with several host names answered with one of them?",
    "webhook.easyauth": "Do events pass App Service Authentication?",
    "webhook.unsigned": "Is an event without a proof refused?",
    "webhook.wrong_signature": "Is an event with a wrong signature refused?",
    "webhook.foreign_bearer": "Is an event with a foreign token refused?",
    "webhook.right_signature": "Is an event with the right proof taken?",
    "round_trip.negotiate": "Does the app tell a client where to connect?",
    "round_trip.connect": "Does the WebSocket open, and does the app admit it?",
    "round_trip.join": "Is a join answered by the app?",
    "round_trip.send": "Is a message acknowledged: handled, stored and published?",
    "round_trip.receive": "Does the message arrive?",
    "round_trip.history": "Is the message in the room's history?",
}
NEVER_WRONG = frozenset(("settings.container", "ports.blobs", "ports.queues"))
"""Checks that give a note at most: `python3 dev.py run` works all the same."""
APP_CHECKS = tuple(name for name in list(CHECKS)[list(CHECKS).index("health.alive") :] if name != "hub.handler")
"""What is asked of a running app."""


def checks_of(group: str) -> tuple[str, ...]:
    """Return the names of a group (`webhook`) in the order of the report."""
    return tuple(name for name in CHECKS if name.partition(".")[0] == group)
