"""`python -m doctor.folder.function_index FOLDER`: print the names of an app's functions as JSON.

It finds them as a worker does, in a process of its own: importing an app may do anything, and must not see modules of
another copy of it.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from azure.functions import FunctionRegister

SCRIPT_SETTING = "PYTHON_SCRIPT_FILE_NAME"


def read_names(folder: Path) -> list[str]:
    """Return the names of the functions of the app in a folder, sorted.

    Raises whatever the app's modules raise, and LookupError unless there is exactly one app object.
    """
    sys.path[0] = str(folder)
    module = importlib.import_module(Path(os.environ.get(SCRIPT_SETTING) or "function_app.py").stem)
    apps = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if len(apps) != 1:
        raise LookupError(f"{len(apps)} top-level function apps, there must be one")
    return sorted(str(function.get_function_name()) for function in apps[0].get_functions())


if __name__ == "__main__":
    # What the app prints while it is imported must not be taken for the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    json.dump(read_names(Path(sys.argv[1]).resolve()), answer)
