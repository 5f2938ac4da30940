"""`python -m bench.load.storage PORT FOLDER`: Table storage alone, with faults that are added while it runs.

Every line that it reads is a fault in the form of the option `--fault`. It ends when its input does.
"""

import asyncio
import sys
from pathlib import Path

from local_azure import tables


async def main(port: int, data: Path) -> None:
    """Serve until standard input ends."""
    async with tables.serve(tables.Settings(data=data), port=port) as service:
        print(f"Connection string: {service.connection_string}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            service.faults.add(line.strip())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
