"""What the command's process and a process of the app tell each other. None, from the command, means: stop."""

from dataclasses import dataclass

from local_azure.functions.options import HostOptions, Instance


@dataclass(frozen=True, slots=True)
class Task:
    """What a process has to serve; `instance` is None when it is the only one."""

    options: HostOptions
    instance: Instance | None


@dataclass(frozen=True, slots=True)
class Started:
    """What a process says when it listens: text for the console, host.json's log level, and whether the app loaded."""

    text: str
    log_level: str
    is_loaded: bool
