"""Does a message go round? A client of its own negotiates, connects, joins a room, sends, receives, and reads back.

Only this proves the whole way, and with ChatWebhookTrust=identity only this proves that the service's token is taken.

The user and the room have random names, so nobody is met: the room's name begins with `_`, which keeps it out of the
list of rooms. What others say in the lobby in these moments comes to every connection; it is dropped unread. Afterwards
the message is deleted and the room left. What stays: some rows of storage about an empty, unlisted room, which
`ChatRoomIdleDays` removes; and the lobby was told that the user came and went.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from doctor.answers import Answer, Answerer
from doctor.chat_client import ChatClient, ChatConnection, NotHandled, Refused, host_and_hub
from doctor.findings import Finding, Verdict
from doctor.http import NoAnswer
from doctor.symptoms import Symptom
from doctor.websocket import ConnectionClosed, ConnectionRefused

TIMEOUT_SECONDS = 20.0
TIDY_SECONDS = 5.0
HOPS = ("negotiate", "connect", "join", "send", "receive", "history")

CODES = {
    "storage_unavailable": (Symptom.STORAGE, "storage does not answer the app: its connection, its roles, its network"),
    "service_unavailable": (
        Symptom.REST_REFUSED,
        "the service refuses or does not answer the app: key or role (Web PubSub Service Owner), clock, network",
    ),
    "not_configured": (Symptom.SETTING, "set what the answer names, and restart the app"),
    "internal_error": (Symptom.EVENTS_FAIL, "the app has a defect: its log has the traceback"),
}
"""What the app's refusals mean that are about its state; any other one is about the message, and the app works."""
NO_HANDLER = (
    "the hub has no handler for this event, or the webhook failed: one name of the hub everywhere, pattern *, a handler"
    " whose address the service can reach; then see webhook.*"
)


class Stopped(Exception):
    """A hop failed; the finding says how."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.check)
        self.finding = finding


@dataclass(slots=True)
class Round:
    """One way round: who, where, and what was found so far."""

    client: ChatClient
    room: str = field(default_factory=lambda: f"_doctor-{secrets.token_hex(8)}")
    text: str = field(default_factory=lambda: f"doctor {secrets.token_hex(8)}")
    findings: list[Finding] = field(default_factory=list)

    def note(self, hop: str, seen: str, started: float, ended: float | None = None) -> None:
        """Note that a hop worked, and how long it took between two times (monotonic seconds), the second one now."""
        milliseconds = ((time.monotonic() if ended is None else ended) - started) * 1000
        self.findings.append(Finding(f"round_trip.{hop}", Verdict.OK, seen, milliseconds=milliseconds))

    def all_findings(self, reason: str) -> list[Finding]:
        """Return one finding for each hop; those that were not reached are unknown for a reason."""
        rest = HOPS[len(self.findings) :]
        not_reached = (Finding(f"round_trip.{hop}", Verdict.UNKNOWN, reason, "see the hop before") for hop in rest)
        return [*self.findings, *not_reached]


def check_round_trip(base_url: str, *, timeout: float = TIMEOUT_SECONDS) -> list[Finding]:
    """Return one finding for each hop of a message, with its time: negotiate, connect, join, send, receive, history.

    `send` is until the app has stored and published the message, `receive` until it came back, both since it was sent.
    `timeout` is in seconds, for all hops together. Where people must sign in, all are unknown: nobody can sign in here.
    Raises ValueError for an address that is none.
    """
    user = f"doctor-{secrets.token_hex(8)}"
    client = ChatClient(base_url.rstrip("/"), user, time.monotonic() + timeout, timeout)
    this_round = Round(client)
    try:
        url = negotiate(this_round)
        with connect(this_round, url) as connection:
            send_round(this_round, connection)
    except Stopped as stop:
        this_round.findings.append(stop.finding)
        return this_round.all_findings(f"not reached: {stop.finding.check} is {stop.finding.verdict}")
    return this_round.findings


def negotiate(this_round: Round) -> str:
    """Return where the user may connect; raises Stopped."""
    check, started = "round_trip.negotiate", time.monotonic()
    with stopping_at("negotiate"):
        session = this_round.client.read_session()
        require_open(session, "GET /session")
        answer = this_round.client.negotiate()
    if answer.answerer is not Answerer.ACCEPTED:
        raise Stopped(explain_answer(check, "POST /negotiate", answer))
    content = answer.response.json()
    url = content.get("url") if isinstance(content, dict) else None
    if not isinstance(url, str):
        seen = "POST /negotiate: an answer without a URL"
        raise Stopped(Finding(check, Verdict.WRONG, seen, "another app answers at this address", Symptom.EVENTS_FAIL))
    host, hub = host_and_hub(url)
    this_round.note("negotiate", f"POST /negotiate: hub {hub} at {host}", started)
    return url


def require_open(session: Answer, asked: str) -> None:
    """Return when anybody may name themselves; raises Stopped, with an unknown verdict where people sign in."""
    check = "round_trip.negotiate"
    sign_in = "send a message in a browser: nobody can sign in from here"
    if session.answerer is Answerer.SIGN_IN:
        raise Stopped(Finding(check, Verdict.UNKNOWN, f"{asked}: {session.shown}", sign_in))
    if session.answerer is not Answerer.ACCEPTED:
        raise Stopped(explain_answer(check, asked, session))
    content = session.response.json()
    auth = content.get("auth") if isinstance(content, dict) else None
    if auth == "easyauth":
        raise Stopped(Finding(check, Verdict.UNKNOWN, f"{asked}: people sign in here (ChatAuth=easyauth)", sign_in))
    if auth != "open":
        fix = "set ChatAuth to open or easyauth; with easyauth, App Service Authentication must be enabled"
        raise Stopped(Finding(check, Verdict.WRONG, f"{asked}: nobody may connect", fix, Symptom.SETTING))


def connect(this_round: Round, url: str) -> ChatConnection:
    """Return the open connection; raises Stopped."""
    started, host = time.monotonic(), host_and_hub(url)[0]
    with stopping_at("connect", host):
        connection = this_round.client.connect(url)
    this_round.note("connect", f"WebSocket to {host}: connected", started)
    return connection


def send_round(this_round: Round, connection: ChatConnection) -> None:
    """Join, send, receive and read back; raises Stopped, after what was sent is deleted."""
    room, started = this_round.room, time.monotonic()
    with stopping_at("join"):
        connection.ask("join", {"room": room}, "joined")
    this_round.note("join", f"joined {room}", started)
    message = ""
    try:
        started = time.monotonic()
        with stopping_at("send"):
            connection.send("message", {"room": room, "message": this_round.text})
            connection.wait_for_ack()
        this_round.note("send", "the app stored and published it", started)
        with stopping_at("receive"):
            line = connection.wait_for(
                lambda frame: frame.get("room") == room and "seq" in frame and "type" not in frame
            )
        message = str(line.get("id", ""))
        this_round.note("receive", f"it came back with number {line.get('seq')}", started, connection.arrived_at)
        started = time.monotonic()
        with stopping_at("history"):
            page = connection.ask("history", {"room": room, "limit": 5}, "history")
        require_stored(page.get("messages"), message)
        ended = time.monotonic()
    finally:
        left = tidy_up(connection, room, message)
    this_round.note("history", f"it is in the history; {left}", started, ended)


def require_stored(messages: object, message: str) -> None:
    """Return when the history has the message; raises Stopped."""
    known = [each.get("id") for each in messages if isinstance(each, dict)] if isinstance(messages, list) else []
    if message not in known:
        fix = "the app's log says why storage does not return what was stored"
        seen = "the history has no such message"
        raise Stopped(Finding("round_trip.history", Verdict.WRONG, seen, fix, Symptom.STORAGE))


def tidy_up(connection: ChatConnection, room: str, message: str) -> str:
    """Delete the message and leave the room, within some seconds more; return in words what is left."""
    connection.extend(TIDY_SECONDS)
    try:
        if message:
            connection.tell("delete", {"room": room, "id": message})
        connection.tell("leave", {"room": room})
    except (NoAnswer, ConnectionClosed, NotHandled, Refused) as problem:
        return f"not tidied up ({problem}): the unlisted room {room} keeps it"
    return f"deleted, and the empty, unlisted room {room} was left"


@contextmanager
def stopping_at(hop: str, host: str = "") -> Iterator[None]:
    """Turn what a hop fails with into Stopped, with the finding that explains it."""
    check = f"round_trip.{hop}"
    try:
        yield
    except ConnectionRefused as problem:
        raise Stopped(explain_handshake(check, host, problem.status)) from problem
    except NoAnswer as problem:
        raise Stopped(explain_silence(check, host, problem)) from problem
    except ConnectionClosed as problem:
        fix = "the webhook answered an error, or the service closed the connection: the app's log, then webhook.*"
        raise Stopped(Finding(check, Verdict.WRONG, str(problem), fix, Symptom.CLOSED_AT_FIRST_MESSAGE)) from problem
    except NotHandled as problem:
        seen = f"the service says that the event was not handled: {problem}"
        raise Stopped(Finding(check, Verdict.WRONG, seen, NO_HANDLER, Symptom.NO_EVENT_COMES)) from problem
    except Refused as problem:
        raise Stopped(explain_code(check, str(problem), problem.code)) from problem
    except ValueError as problem:
        seen = f"the app named an address that is none: {problem}"
        raise Stopped(Finding(check, Verdict.WRONG, seen, "check the service's endpoint", Symptom.SETTING)) from problem


def explain_code(check: str, seen: str, code: str) -> Finding:
    """Return what a refusal of the app means."""
    if code in CODES:
        symptom, fix = CODES[code]
        return Finding(check, Verdict.WRONG, seen, fix, symptom)
    return Finding(check, Verdict.UNKNOWN, seen, "the app works, and does not allow this to a guest")


def explain_answer(check: str, asked: str, answer: Answer) -> Finding:
    """Return what an answer over HTTP means that is no success."""
    seen = f"{asked}: {answer.shown}"
    if answer.answerer is Answerer.APP:
        return explain_code(check, seen, answer.code)
    if answer.answerer is Answerer.ABSENT:
        fix = "the app was not indexed, or the address is another app's: see health.alive"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.EVERY_ADDRESS_404)
    if answer.answerer is Answerer.HTTPS:
        return Finding(check, Verdict.WRONG, seen, "give the address with https://", Symptom.SETTING)
    return Finding(check, Verdict.WRONG, seen, "read the app's log", Symptom.EVENTS_FAIL)


def explain_silence(check: str, host: str, problem: NoAnswer) -> Finding:
    """Return what it means that no answer came; `host` is the service's where that was asked."""
    seen = f"{host}: {problem}" if host else str(problem)
    match check:
        case "round_trip.negotiate":
            return Finding(check, Verdict.WRONG, seen, "see health.alive", Symptom.EVENTS_FAIL)
        case "round_trip.connect":
            fix = "the service cannot be reached from here: its endpoint in the settings, its network rules"
            return Finding(check, Verdict.WRONG, seen, fix, Symptom.CONNECTIONS_REFUSED)
        case "round_trip.receive":
            fix = "the message was stored and published, and did not come: the connection is in no group of its room"
            return Finding(check, Verdict.WRONG, seen, fix, Symptom.REST_REFUSED)
    return Finding(check, Verdict.WRONG, seen, NO_HANDLER, Symptom.NO_EVENT_COMES)


def explain_handshake(check: str, host: str, status: int) -> Finding:
    """Return what it means that the service answered the handshake with a status."""
    seen = f"WebSocket to {host}: {status}"
    if status == 401:
        fix = (
            "the app signs tokens with another key than the service's, or a clock is wrong; or the app refused connect"
        )
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.REST_REFUSED)
    if status == 429:
        fix = "the service has as many connections as its units allow"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.CONNECTIONS_REFUSED)
    if status in (403, 404):
        fix = "the service refuses: its network rules, the name of the hub, or the app refused connect"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.CONNECTIONS_REFUSED)
    fix = (
        "the webhook did not answer the connect event as it should: see webhook.validation and webhook.right_signature"
    )
    return Finding(check, Verdict.WRONG, seen, fix, Symptom.EVENTS_FAIL)
