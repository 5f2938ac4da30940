"""How often a program of local Azure looks for garbage: a process of its own, because it concerns the whole process."""

import subprocess
import sys
from pathlib import Path

from local_azure.garbage_collection import NEW_OBJECTS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import gc
from local_azure.garbage_collection import collect_seldom

collections = []
gc.callbacks.append(lambda phase, info: phase == "start" and collections.append(info["generation"]))
collect_seldom()
in_flight = [[] for _ in range(5_000)]
print(len(collections), gc.get_freeze_count() > 5_000)
kept = [[] for _ in range({new_objects})]
print(len(collections) > 0)
"""


def test_what_messages_in_flight_need_starts_no_collection_and_what_grows_does() -> None:
    program = PROGRAM.format(new_objects=NEW_OBJECTS)
    command = [sys.executable, "-c", program]

    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout

    assert output.split() == ["0", "True", "True"]
