"""A program that serves an app's folder on the embedded host, and says which modules its process loaded.

Started as `python -I host_program.py HOST_FOLDER APP_FOLDER …`: isolated, so that nothing but the interpreter's own
environment is on the path. `local_azure` alone comes from elsewhere, and last. A line on standard input is answered
with a line: MODULES and a JSON object, the file of each module by its name.
"""

import json
import runpy
import sys
import threading
from pathlib import Path


def answer_modules() -> None:
    """Answer every line of standard input with the modules of this process."""
    for _ in sys.stdin:
        files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
        print("MODULES", json.dumps({name: file for name, file in files.items() if file}), flush=True)


if __name__ == "__main__":
    host_folder, *arguments = sys.argv[1:]
    # Isolated mode leaves this file's folder out already; the host comes after all that is installed.
    assert str(Path(__file__).parent) not in sys.path
    sys.path.append(host_folder)
    threading.Thread(target=answer_modules, daemon=True).start()
    sys.argv = ["local_azure.functions", *arguments]
    runpy.run_module("local_azure.functions", run_name="__main__")
