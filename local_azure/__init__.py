"""Azure on this machine: Web PubSub, Table storage and a Functions host, for development and tests."""

import time

# Unix time at which this process first imported the package: "Ready after …" counts from here, imports included.
PROCESS_STARTED = time.time()
