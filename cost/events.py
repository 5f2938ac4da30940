"""What the use of a day makes of events, calls and bytes.

The calls of storage are those of the table in docs/architecture.md, which a test compares. The sizes of frames were
measured on local Azure; a test holds them.
"""

import math
from dataclasses import dataclass

from cost.usage import Usage

# Bytes of a frame without its text.
LINE_BYTES = 330
HISTORY_LINE_BYTES = 230
NEWS_BYTES = 250
TYPING_BYTES = 170
ANSWER_BYTES = 200
ACK_BYTES = 45
NAME_BYTES = 15
PLACE_BYTES = 120
EVENT_BYTES = 80
PAGE_MESSAGES = 50

# How often an open page asks for the roster and for the list of its rooms (static/client/refresh.js).
ROSTERS_PER_HOUR = 60
PLACES_PER_HOUR = 12
# It asks once more when for so long nobody came or left after somebody did.
NEWS_QUIET_HOURS = 3 / 3600
# Frames about people who come and go stop at rooms of this many connections.
MAX_ANNOUNCED_CONNECTIONS = 1000
# A roster names so many users.
MAX_LISTED_USERS = 100
# The list of rooms: so many partitions are read at once, and the service is asked for so many rooms.
ROOM_LIST_PARTITIONS = 16
ROOMS_OF_LIST = 100
ROOM_LIST_SECONDS = 5
# Rows that one append writes: the head, the entry and the index.
ROWS_PER_APPEND = 3


@dataclass(frozen=True, slots=True)
class Action:
    """What one action costs: calls of Table storage, and of the service's REST interface.

    `row` is the row of docs/architecture.md that says it.
    """

    row: str
    storage_calls: int
    service_calls: int = 0


ACTIONS = {
    "message": Action("a message, an answer to one, an edit, a deletion, a reaction", 1, 1),
    "mention": Action("a message or an edit with an `@` in it", 3, 1),
    "change": Action("a message, an answer to one, an edit, a deletion, a reaction", 1, 1),
    "typing": Action("`typing`", 1, 1),
    "read": Action("`read`", 4, 1),
    "history": Action("`history`", 2),
    "join": Action("`join`", 4, 2),
    "roster": Action("`roster`", 1, 2),
    # One range, and one read for each of the user's rooms more.
    "places": Action("`places`", 1),
    # The most that one answer reads: the user's row, the head and 60 ranges.
    "search": Action("`search`, the first answer", 62),
    "remind": Action("`/remind`", 10),
    "connected": Action("when a connection has begun", 1, 1),
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """Deliveries of one size: to how many connections or webhooks a day, and how many bytes each."""

    deliveries: float
    size: float


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of execution of a day: how many, what they call, and what the service sends out for them."""

    name: str
    count: float
    storage_calls: float = 0
    service_calls: float = 0
    traffic: tuple[Traffic, ...] = ()

    @property
    def outbound_bytes(self) -> float:
        """Bytes that the service sends out for all of them."""
        return sum(part.deliveries * part.size for part in self.traffic)


def events_of_day(usage: Usage) -> list[Event]:
    """Return every kind of event of a day, with what all of one kind cost together."""
    users, text, audience = usage.users, usage.text_bytes, usage.audience
    sessions = users * usage.sessions * usage.devices
    messages, joins = users * usage.messages, sessions * usage.rooms_joined
    announced = min(audience, MAX_ANNOUNCED_CONNECTIONS)
    # An answer to one page of a room that is full of messages.
    page_bytes = ANSWER_BYTES + PAGE_MESSAGES * (HISTORY_LINE_BYTES + text)
    roster_bytes = ANSWER_BYTES + min(audience, MAX_LISTED_USERS) * NAME_BYTES
    rosters = users * _rosters(usage, joins)
    return [
        _http("page files", sessions * usage.page_requests),
        _http("session", sessions),
        _room_list(usage, sessions),
        # Each asks the service who has this name.
        _http("negotiate", sessions, service_calls=1),
        _webhook("connect", sessions, answer=0, service_calls=1),
        _webhook("connected", sessions, answer=0, action="connected"),
        _webhook("disconnected", sessions, answer=0),
        _webhook("join", joins, answer=page_bytes + roster_bytes, action="join"),
        # Both lines: somebody joined, somebody left. They are published by the events join and disconnected.
        Event("joined and left", 0, service_calls=2 * joins, traffic=(Traffic(2 * joins * announced, NEWS_BYTES),)),
        _webhook("message", messages, body=text, action="message", fan_out=(audience, LINE_BYTES + text)),
        _mentions(messages * usage.mentions, usage.devices),
        _webhook("typing", messages, action="typing", fan_out=(audience, TYPING_BYTES)),
        _webhook("change", users * usage.changes, body=text, action="change", fan_out=(audience, LINE_BYTES + text)),
        # The user's own connections are told.
        _webhook("read", users * usage.reads, action="read", fan_out=(max(1, usage.devices), ANSWER_BYTES)),
        _webhook("history", users * usage.pages, answer=page_bytes, action="history"),
        _webhook("roster", rosters, answer=roster_bytes, action="roster"),
        _webhook(
            "places",
            users * usage.hours_open * PLACES_PER_HOUR,
            answer=ANSWER_BYTES + usage.rooms_joined * PLACE_BYTES,
            action="places",
            more_storage_calls=usage.rooms_joined,
        ),
        _webhook("search", users * usage.searches, answer=page_bytes, action="search"),
        _webhook("remind", users * usage.reminders, body=text, answer=ANSWER_BYTES, action="remind"),
    ]


def _mentions(count: float, devices: float) -> Event:
    """Return what mentions cost beside their messages: the user who is meant is looked up, and told on each device."""
    costs = ACTIONS["mention"]
    told = Traffic(count * devices, NEWS_BYTES)
    return Event("mention", 0, count * costs.storage_calls, count * costs.service_calls, (told,))


def _rosters(usage: Usage, joins: float) -> float:
    """Return how often one user's page asks who is in the room, a day: an upper estimate."""
    # With news at random times the page asks most often when they are as far apart as the quiet time.
    news = min(2 * joins / usage.rooms / usage.active_hours, 1 / NEWS_QUIET_HOURS)
    return usage.hours_open * (ROSTERS_PER_HOUR + news * math.exp(-news * NEWS_QUIET_HOURS))


def _room_list(usage: Usage, sessions: float) -> Event:
    """Return the readings of the list of rooms; who asks within some seconds is given the same one."""
    readings = min(sessions, usage.active_seconds / ROOM_LIST_SECONDS)
    calls = readings * min(usage.rooms, ROOMS_OF_LIST)
    return Event("list of rooms", sessions, readings * ROOM_LIST_PARTITIONS, calls)


def _http(name: str, count: float, *, service_calls: float = 0) -> Event:
    return Event(name, count, service_calls=count * service_calls)


def _webhook(
    name: str,
    count: float,
    *,
    body: float = 0,
    answer: float = 0,
    action: str | None = None,
    service_calls: float = 0,
    more_storage_calls: float = 0,
    fan_out: tuple[float, float] | None = None,
) -> Event:
    """Return events that the service posts to the webhook; an answer and an acknowledgement go to the sender alone."""
    costs = ACTIONS[action] if action else Action("", 0)
    traffic = [Traffic(count, EVENT_BYTES + body), Traffic(count, ACK_BYTES)]
    traffic += [Traffic(count, answer)] if answer else []
    traffic += [Traffic(count * fan_out[0], fan_out[1])] if fan_out else []
    storage_calls, calls = costs.storage_calls + more_storage_calls, costs.service_calls + service_calls
    return Event(name, count, count * storage_calls, count * calls, tuple(traffic))
