"""`python -m local_azure.recording`: record a conversation, play it again, or compare two recordings."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from local_azure.interrupts import INTERRUPTED
from local_azure.recording.client_player import ReplayFailed
from local_azure.recording.comparison import RecordingDiffers, compare_recordings
from local_azure.recording.file_format import InvalidRecording, StepKind, read_recording
from local_azure.recording.recording_file import RecordingFailed, record
from local_azure.recording.replay import STEP_SECONDS, Play, Replayed, ReplayOptions, replay, replay_remotely
from local_azure.webpubsub import (
    ConnectionString,
    EventHandler,
    InvalidConnectionString,
    SettingsError,
    serve,
)
from local_azure.webpubsub import __main__ as webpubsub_command

SAME, DIFFERENT, UNUSABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `FILE …`, `replay FILE …` or `compare FILE FILE`; return the exit status.

    It is 0 when all is as recorded, 1 when something differs or the service cannot be served, 2 for invalid input.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    commands: dict[str, Callable[[list[str]], int]] = {"replay": _replay, "compare": _compare, "record": _record}
    if given and given[0] in commands:
        return commands[given[0]](given[1:])
    return _record(given)


def _record(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="local-azure record",
        usage="local-azure record [-h] FILE …",
        description="Serve Web PubSub until Ctrl-C and record what clients, service and app send each other. The "
        "options behind FILE are those of `python -m local_azure.webpubsub`.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording; a file that exists is replaced")
    parsed, rest = parser.parse_args(arguments[:1]), arguments[1:]
    try:
        return webpubsub_command.main(rest, partial(record, file=parsed.file))
    except RecordingFailed as error:
        return _fail(str(error), DIFFERENT)


def _replay(arguments: list[str]) -> int:
    parsed = _replay_parser().parse_args(arguments)
    options = ReplayOptions(frozenset(parsed.ignore), parsed.questions, parsed.timeout)
    try:
        if parsed.connection:
            replayed = asyncio.run(replay_remotely(ConnectionString.parse(parsed.connection), parsed.file, options))
        else:
            replayed = asyncio.run(_replay_locally(parsed, options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except RecordingDiffers as difference:
        print(difference)  # noqa: T201
        return DIFFERENT
    except (InvalidRecording, InvalidConnectionString, SettingsError) as error:
        return _fail(str(error), UNUSABLE)
    except ReplayFailed as error:
        return _fail(str(error), DIFFERENT)
    except OSError as error:
        return _fail(f"cannot listen on port {parsed.port}: {error.strerror or error}", DIFFERENT)
    print(f"{parsed.file.name}: {replayed.compared} steps are as recorded, {replayed.played} were played")  # noqa: T201
    return SAME


def _replay_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="local-azure replay", description="Play a recording again, and print what is not as recorded."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the recording")
    parser.add_argument(
        "--connection",
        metavar="STRING",
        help="the connection string of a service that runs: only what clients receive is compared",
    )
    parser.add_argument(
        "--handler", metavar="URL", help="the app's URL with {event}: it gets the events of the recording's hubs"
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help="settings file (default: webpubsub.json)")
    parser.add_argument(
        "--port", type=int, default=webpubsub_command.DEFAULT_PORT, help="port of Web PubSub, 0 for any"
    )
    parser.add_argument(
        "--play", choices=get_args(Play), default="clients", help="what is played (default %(default)s)"
    )
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="NAME", help="a field that may differ, may be repeated"
    )
    parser.add_argument("--questions", action="store_true", help="compare also REST calls that only ask")
    parser.add_argument(
        "--timeout", type=float, default=STEP_SECONDS, metavar="SECONDS", help="how long a step is waited for"
    )
    return parser


async def _replay_locally(parsed: argparse.Namespace, options: ReplayOptions) -> Replayed:
    """Serve Web PubSub for the app while the recording is played."""
    settings = webpubsub_command.load_settings(parsed.settings)
    steps = read_recording(parsed.file)
    hubs = {str(step.facts.get("hub")) for step in steps if step.kind is StepKind.CONNECT}
    # The system events that the app was sent when it was recorded.
    events = {str(step.facts.get("event")) for step in steps if step.kind is StepKind.EVENT}
    system_events = sorted(event.removeprefix("sys.") for event in events if event.startswith("sys."))
    handler = EventHandler(parsed.handler, tuple(system_events), "*") if parsed.handler else None
    async with serve(settings, port=parsed.port) as service:
        print(f"Connection string: {service.connection_string}", flush=True)  # noqa: T201
        if handler is not None:
            for hub in hubs:
                service.set_event_handlers(hub, [handler])
        return await replay(service, parsed.file, play=parsed.play, options=options)


def _compare(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="local-azure compare", description="Print where two recordings differ.")
    parser.add_argument("files", type=Path, nargs=2, metavar="FILE", help="the recordings")
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="NAME", help="a field that may differ, may be repeated"
    )
    parsed = parser.parse_args(arguments)
    try:
        first, second = (read_recording(file) for file in parsed.files)
    except InvalidRecording as error:
        return _fail(str(error), UNUSABLE)
    compared, differences = compare_recordings(first, second, frozenset(parsed.ignore))
    if differences:
        print(RecordingDiffers(str(parsed.files[1]), compared, differences))  # noqa: T201
        return DIFFERENT
    print(f"{compared} steps are alike")  # noqa: T201
    return SAME


def _fail(text: str, status: int) -> int:
    print(f"error: {text}", file=sys.stderr)  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main())
