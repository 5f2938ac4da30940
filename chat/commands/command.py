"""What a slash command is: a name, how it is typed, and a function that takes a `Call`.

A command can be used when `COMMANDS` in `chat/handlers.py` lists it; README.md shows how to add one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chat import frames
from chat.errors import ChatError
from chat.handler_context import Answer, Services
from chat.messages.parse import Draft
from chat.room_log.model import Form
from chat.webhook.events import UserEvent


class UnknownCommand(ChatError):
    """There is no such slash command."""

    code = "unknown_command"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no command /{name}; /help lists them, and // sends a line that begins with a slash")


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """A command's outcome: a message to the room, in the sender's name."""

    text: str
    form: Form


@dataclass(frozen=True, slots=True)
class EventFields:
    """A command's outcome: what an event of the client does with these fields.

    `done` is the notice to the sender where the event answers nothing.
    """

    event: str
    fields: Mapping[str, Any]
    done: str = ""


Outcome = Answer | RoomMessage | EventFields


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: its event, the whole message, the text behind the command's name, and all commands.

    `usage` shows how the command is typed.
    """

    event: UserEvent
    draft: Draft
    argument: str
    services: Services
    commands: "Mapping[str, Command]"
    usage: str = ""

    @property
    def user(self) -> str:
        """Who uses the command."""
        return self.event.sender

    @property
    def room(self) -> str | None:
        """The room that the command was typed in."""
        return self.draft.room or self.event.origin.state.current_room

    @property
    def now(self) -> datetime:
        """When the command came (UTC)."""
        return datetime.fromtimestamp(self.services.now / 1000, UTC)

    def notice(self, text: str) -> Answer:
        """Return an answer that only the sender reads."""
        return Answer(frames.notice(text, self.room))

    def event_here(self, event: str, fields: Mapping[str, Any], done: str = "") -> EventFields:
        """Return what an event does in the room where the command was typed; `done` is told when it answers nothing."""
        return EventFields(event, {"room": self.room, "clientId": self.draft.client_id, **fields}, done)

    def room_message(self, text: str, form: Form = Form.ACTION) -> RoomMessage:
        """Return a message to the room that the command was typed in; it is marked as not typed by its sender."""
        return RoomMessage(text, form)


Run = Callable[[Call], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, how it is typed, what it does in a few words, and its function."""

    name: str
    usage: str
    about: str
    run: Run


def command(name: str, *, usage: str, about: str) -> Callable[[Run], Command]:
    """Return a decorator that makes a command of a function."""

    def make_command(run: Run) -> Command:
        return Command(name, usage, about, run)

    return make_command


def by_name(commands: Iterable[Command]) -> dict[str, Command]:
    """Return the commands by their names; raises ValueError when two have one name."""
    named: dict[str, Command] = {}
    for each in commands:
        if named.setdefault(each.name, each) is not each:
            raise ValueError(f"two commands have the name {each.name!r}")
    return named


def command_name(text: str) -> str | None:
    """Return the name of the command that a message is, in lower case; None for a line, also one after `//`."""
    if not text.startswith("/") or text.startswith("//"):
        return None
    return next(iter(text[1:].split(maxsplit=1)), "").lower()


async def run_command(event: UserEvent, draft: Draft, services: Services, commands: Mapping[str, Command]) -> Outcome:
    """Run the command that a message holds; raises UnknownCommand, or what the command raises."""
    name, argument = [*draft.text[1:].split(maxsplit=1), "", ""][:2]
    found = commands.get(name.lower())
    if found is None:
        raise UnknownCommand(name[:32])
    return await found.run(Call(event, draft, argument.strip(), services, commands, found.usage))
