"""Let host.json name the place of Durable Functions' state while the app is packaged. azd runs this (azure.yaml).

`prepare` writes what `CHAT_DURABLE` says (`azureStorage` or `azureManaged`), `restore` puts the file back. The scale
controller reads host.json itself, so a setting of the app could not choose. Standard library only, Python 3.9 or newer.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

STORAGE, SCHEDULER = "azureStorage", "azureManaged"
# infra/settings.bicep sets both.
CONNECTION_SETTING, HUB_SETTING = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "TASKHUB_NAME"


def with_scheduler(host: dict[str, Any]) -> dict[str, Any]:
    """Return the content of host.json with the Durable Task Scheduler; everything else stays."""
    durable = host["extensions"]["durableTask"] | {
        "hubName": f"%{HUB_SETTING}%",
        "storageProvider": {"type": SCHEDULER, "connectionStringName": CONNECTION_SETTING},
    }
    return host | {"extensions": host["extensions"] | {"durableTask": durable}}


def prepare(app: Path, backend: str) -> None:
    """Write host.json for a backend, and keep the file as it was; raises ValueError for an unknown backend."""
    if backend not in (STORAGE, SCHEDULER):
        raise ValueError(f"CHAT_DURABLE is {backend!r}: it must be {STORAGE!r} or {SCHEDULER!r}")
    # A packaging that failed may have left the file as it wrote it.
    restore(app)
    if backend == SCHEDULER:
        original = (app / "host.json").read_bytes()
        kept = _kept(app)
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(original)
        (app / "host.json").write_text(json.dumps(with_scheduler(json.loads(original)), indent=2) + "\n")


def restore(app: Path) -> None:
    """Put host.json back as it was before `prepare`; without that nothing happens."""
    if _kept(app).exists():
        _kept(app).replace(app / "host.json")


def _kept(app: Path) -> Path:
    # azd keeps its own state in this folder, outside of git.
    return app / ".azure" / "host.json"


def main() -> None:
    """Prepare or restore the app in the working folder."""
    app, arguments = Path.cwd(), sys.argv[1:]
    if arguments == ["prepare"]:
        try:
            prepare(app, os.environ.get("CHAT_DURABLE") or STORAGE)
        except ValueError as problem:
            sys.exit(str(problem))
    elif arguments == ["restore"]:
        restore(app)
    else:
        sys.exit("usage: durable_backend.py prepare|restore")


if __name__ == "__main__":
    main()
