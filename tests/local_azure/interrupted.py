"""`python -m` of a command that is interrupted when it imports a module: the module, the command, its arguments."""

import os
import runpy
import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType


class InterruptAt(MetaPathFinder):
    """Sends this process Ctrl-C when the named module is looked for, and finds nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == self.name:
            os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    _, moment, command, *arguments = sys.argv
    sys.meta_path.insert(0, InterruptAt(moment))
    sys.argv = [command, *arguments]
    runpy.run_module(command, run_name="__main__", alter_sys=True)
