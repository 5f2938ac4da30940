"""Which unread messages mention a user? Their numbers are kept in the user's place for the room, and the user is told.

So `join`, `read` and `places`, which read the place anyway, know them without another call. A message that is noted
twice counts once.
"""

import asyncio
from collections.abc import Callable, Sequence

from chat import frames
from chat.frames import Frame
from chat.gateway import Gateway
from chat.logs import or_none
from chat.names import user_group
from chat.presence.places import Place, PlaceStore
from chat.value_objects import value_object

EXCERPT_LENGTH = 200
FAILED = "a mention was not kept or told"


@value_object
class Mentions:
    """Keeps mentions in the places of users. A failure of storage or of the service is logged."""

    places: PlaceStore
    gateway: Gateway

    async def add(self, line: Frame, users: Sequence[str]) -> None:
        """Note that a message, given as its chat line, mentions users who have its room in their list."""
        excerpt = " ".join(line["message"].split())[:EXCERPT_LENGTH]
        frame, seq = frames.mentioned(line, excerpt), line["seq"]
        await self._change(line["room"], users, lambda place: place.mentioned(seq), frame)

    async def remove(self, room: str, identity: str, seq: int, users: Sequence[str]) -> None:
        """Note that the message with this id and number does not mention the users any more."""
        frame = frames.unmentioned(room, identity, seq)
        await self._change(room, users, lambda place: place.unmentioned(seq), frame)

    async def _change(self, room: str, users: Sequence[str], change: Callable[[Place], Place], frame: Frame) -> None:
        def changed_or_none(place: Place) -> Place | None:
            changed = change(place)
            return None if changed == place else changed

        async def change_place(user: str) -> None:
            before, after = await self.places.update(await self.places.read(user, room), changed_or_none)
            if after != before:
                await self.gateway.publish(user_group(user), frame)

        await asyncio.gather(*(or_none(change_place(user), FAILED, room) for user in users))
