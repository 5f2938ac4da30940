"""One instance of the app's room log in a process of its own, which appends to one room at a steady pace.

`python -m bench.load.appenders NAME PER_SECOND SECONDS` takes its storage from the environment, as the app does. It
prints `ready`, begins when it reads a line, and prints one JSON object: `milliseconds`, how long each append took (null
for a failed one), and `cpu`, the CPU seconds of all.
"""

import asyncio
import json
import sys
import time

from chat.errors import StorageUnavailable
from chat.functions.process_state import process_state
from chat.room_log.model import NewMessage
from chat.room_log.room_logs import RoomLogs
from chat.settings import current_settings

ROOM = "appends"


async def append_steadily(logs: RoomLogs, name: str, per_second: float, seconds: float) -> list[float | None]:
    """Append messages, each at its own time, whether the earlier ones are stored or not.

    Returns how long each took, in milliseconds; None for one of which storage did not say in time that it is stored.
    """
    started = time.perf_counter()

    async def append(number: int) -> float | None:
        due = started + number / per_second
        await asyncio.sleep(due - time.perf_counter())
        try:
            await logs.append(ROOM, NewMessage(f"{name}-{number}", name, f"message {number} of {name}"))
        except StorageUnavailable:
            return None
        return (time.perf_counter() - due) * 1000

    return await asyncio.gather(*(append(number) for number in range(int(per_second * seconds))))


async def main(name: str, per_second: float, seconds: float) -> None:
    """Append when a line was read, and print the times."""
    logs = await process_state().room_logs(current_settings())
    await logs.read_head(ROOM)  # connects
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    cpu = time.process_time()
    times = await append_steadily(logs, name, per_second, seconds)
    print(json.dumps({"milliseconds": times, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
