"""The cloud on this machine: Azure Web PubSub and an Azure Functions host, for development and tests."""

import time

# Unix time of this process's first look at the emulator: "Ready after …" counts from here, imports included.
STARTED = time.time()
