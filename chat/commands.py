"""Slash commands. To add one, write a function and put `@command` above it; `/help` lists it by itself.

@command("roll", usage="/roll", about="throw a die")
async def roll(call: Call) -> Answer:
    return await call.tell_room(f"{call.user} rolls {random.randint(1, 6)}")
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chat import frames
from chat.answers import Answer, Services, sender
from chat.errors import ChatError
from chat.events import UserEvent
from chat.messages import Draft
from chat.speaking import publish


class UnknownCommand(ChatError):
    """There is no such slash command."""

    code = "unknown_command"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no command /{name}; /help lists them, and // says a line that begins with a slash")


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: who, where, and what stands behind its name."""

    event: UserEvent
    draft: Draft
    argument: str
    services: Services

    @property
    def user(self) -> str:
        """Who uses the command."""
        return sender(self.event)

    @property
    def room(self) -> str | None:
        """The room that the command was typed in."""
        return self.draft.room or self.event.origin.state.current_room

    @property
    def now(self) -> datetime:
        """When the command came (UTC)."""
        return datetime.fromtimestamp(self.services.now / 1000, UTC)

    def tell_sender(self, message: str) -> Answer:
        """Return an answer that only the sender reads."""
        return Answer(frames.notice(message, self.room))

    async def tell_room(self, message: str) -> Answer:
        """Say something in the room in the sender's name."""
        return await publish(self.event, replace(self.draft, text=message), self.services)


Run = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, how it is typed, what it does, and its function."""

    name: str
    usage: str
    about: str
    run: Run


COMMANDS: dict[str, Command] = {}


def command(name: str, *, usage: str, about: str) -> Callable[[Run], Run]:
    """Return a decorator that puts a function into the registry."""

    def register(run: Run) -> Run:
        COMMANDS[name] = Command(name, usage, about, run)
        return run

    return register


def is_command(text: str) -> bool:
    """Return whether a message is a command; `//` begins a line that is not."""
    return text.startswith("/") and not text.startswith("//")


async def run_command(event: UserEvent, draft: Draft, services: Services) -> Answer:
    """Run the command that a message holds; raises UnknownCommand, or what the command refuses with."""
    name, argument = [*draft.text[1:].split(maxsplit=1), "", ""][:2]
    found = COMMANDS.get(name.lower())
    if found is None:
        raise UnknownCommand(name[:32])
    return await found.run(Call(event, draft, argument.strip(), services))
