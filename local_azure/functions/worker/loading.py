"""Load the functions of an app folder as the Python worker does: import the script, find the app, index it.

Only the public API of `azure.functions` is used. `get_functions()` builds the app and may be called once
(H-004), so its result is kept as `LoadedFunction`s and the app object is not used again.
"""

import importlib
import inspect
import json
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

from azure.functions import FunctionRegister
from azure.functions.decorators.function_app import Function

from local_azure.functions.errors import AppLoadError
from local_azure.functions.worker.signatures import Signature, read_signature

SCRIPT_SETTING = "PYTHON_SCRIPT_FILE_NAME"
DEFAULT_SCRIPT = "function_app.py"
TIMER_TRIGGER = "timerTrigger"
SCRIPT_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_\-]*\.py")


@dataclass(frozen=True, slots=True)
class LoadedFunction:
    """One indexed function: its bindings in function.json form, and how to call it.

    `bindings` are the parsed raw bindings in the library's order, the trigger among them; `trigger` is that one.
    `directory` is the folder of the file that defines the function.
    """

    name: str
    bindings: tuple[dict[str, object], ...]
    trigger: dict[str, object]
    user_function: Callable[..., object]
    signature: Signature
    directory: str

    @property
    def trigger_type(self) -> str:
        """The trigger's binding type, such as `httpTrigger` or `entityTrigger`."""
        return str(self.trigger["type"])


Invoker = Callable[[LoadedFunction, dict[str, object]], Awaitable[object]]
"""Runs a function by the worker's rules with arguments by binding name, and returns what it returned.

`async def` functions run on the app's own event loop, others in its thread pool. `context`, `Out` parameters and
durable clients that the arguments do not hold are filled in.
"""


def script_name() -> str:
    """Return the file name of the app's script from PYTHON_SCRIPT_FILE_NAME, by default `function_app.py`.

    Raises AppLoadError when the setting does not look like a Python file's name.
    """
    name = os.environ.get(SCRIPT_SETTING) or DEFAULT_SCRIPT
    if not SCRIPT_NAME.fullmatch(name):
        raise AppLoadError(f"{SCRIPT_SETTING}={name!r} is not the name of a Python file, such as {DEFAULT_SCRIPT}")
    return name


def load_functions(app_root: Path) -> list[LoadedFunction]:
    """Import the app's script and return its functions in the order of their registration.

    The app's folder must be importable already (`app_import_scope`).

    Raises AppLoadError when the script is missing, does not import, holds no app object or several, or breaks a rule.
    """
    script = script_name()
    if not (app_root / script).is_file():
        raise AppLoadError(
            f"there is no {script} in {app_root}: this host serves the Python v2 programming model, "
            f"whose functions are declared in that file"
        )
    module = _import(app_root, script)
    app = _find_app(module, script)
    try:
        indexed = app.get_functions()
    except Exception as error:
        raise AppLoadError(f"{script} could not be indexed: {type(error).__name__}: {error}") from error
    return [_to_loaded_function(function) for function in indexed]


def _import(app_root: Path, script: str) -> ModuleType:
    try:
        return importlib.import_module(Path(script).stem)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        where = _error_location(error, app_root)
        raise AppLoadError(f"{script} could not be imported: {type(error).__name__}: {error}{where}") from error


def _error_location(error: BaseException, app_root: Path) -> str:
    """Return the innermost line of the app's own files in the traceback, such as ` (chat/rooms.py, line 3)`."""
    if isinstance(error, SyntaxError) and error.filename:
        frames: list[tuple[str, int | None]] = [(error.filename, error.lineno)]
    else:
        frames = []
        trace = error.__traceback__
        while trace:
            frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
            trace = trace.tb_next
    for filename, line in reversed(frames):
        path = Path(filename)
        if path.is_relative_to(app_root) and "site-packages" not in path.parts:
            return f" ({path.relative_to(app_root).as_posix()}, line {line})"
    return ""


def _find_app(module: ModuleType, script: str) -> FunctionRegister:
    apps = [value for value in vars(module).values() if isinstance(value, FunctionRegister)]
    if not apps:
        raise AppLoadError(f"{script} has no top-level function app: it needs one, as in app = func.FunctionApp()")
    if len(apps) > 1:
        # Two names for one object count as two, as they do for the worker.
        names = [name for name, value in vars(module).items() if isinstance(value, FunctionRegister)]
        raise AppLoadError(f"{script} has more than one top-level function app: {', '.join(names)}")
    return apps[0]


def _to_loaded_function(function: Function) -> LoadedFunction:
    name = str(function.get_function_name())
    user_function = function.get_user_function()
    raw = cast(Sequence[str], function.get_raw_bindings())
    bindings = tuple(cast(dict[str, object], json.loads(text)) for text in raw)
    trigger = function.get_trigger()
    if trigger is None:
        raise AppLoadError(f"function {name} has no trigger: it needs exactly one")
    return LoadedFunction(
        name=name,
        bindings=bindings,
        trigger=next(binding for binding in bindings if binding["name"] == trigger.name),
        user_function=user_function,
        signature=read_signature(name, user_function, function.get_bindings()),
        directory=str(Path(inspect.getfile(user_function)).parent),
    )
