"""Azure on this machine: Azure Web PubSub and an Azure Functions host, for development and tests."""

import time

# Unix time at which this process first imported the package: "Ready after …" counts from here, imports included.
STARTED = time.time()
