"""What a hostile client may send: frames of every subprotocol, HTTP requests, and events with a valid signature.

The names of events, their fields and the paths come from docs/protocol.md, so what is added there is covered. Texts and
secrets begin with a mark, which no log may show.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bench.fuzz_run.service_frames import JSON_FRAMES, PROTOBUF_FRAMES, json_invocations, protobuf_invocations
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
TEXT_MARK = "MARK!a-private-text!"
SECRET_MARK = "MARK!a-secret!"
LAST_ID = "@last-message-id@"
"""Stands for the id of the last chat line that the connection was sent."""
LAST_ROOM = "~last-private-room"
"""Stands for the private room that the connection entered last."""
JSON, RELIABLE_JSON = "json.webpubsub.azure.v1", "json.reliable.webpubsub.azure.v1"
PROTOBUF, RELIABLE_PROTOBUF = "protobuf.webpubsub.azure.v1", "protobuf.reliable.webpubsub.azure.v1"
SUBPROTOCOLS = (None, JSON, RELIABLE_JSON, PROTOBUF, RELIABLE_PROTOBUF)
DEEPEST = 4000

Text = SearchStrategy[str]
T = TypeVar("T")


@dataclass(frozen=True)
class Frames:
    """Frames that one connection sends, one after the other; text frames are str, binary ones bytes."""

    subprotocol: str | None
    frames: tuple[str | bytes, ...]


@dataclass(frozen=True)
class Request:
    """An HTTP request to the app, its parts as bytes on the wire; `Content-Length` is added when it is sent."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True)
class SignedEvent:
    """An event of an open connection with a valid signature; `attributes` replace what the service would write."""

    kind: str
    name: str
    attributes: tuple[tuple[str, bytes], ...]
    content_type: bytes
    body: bytes


Input = Frames | Request | SignedEvent


def documented_events(text: str) -> dict[str, list[str]]:
    """Return the names of the user events and of their fields, as the table of docs/protocol.md lists them."""
    section = text.partition("## Client to server: user events")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE)
    return {name: list(dict.fromkeys(re.findall(r'"(\w+)"', data))) for name, data in rows}


def documented_paths(text: str) -> list[tuple[str, str]]:
    """Return the method and the path of each documented request."""
    return re.findall(r"`(GET|POST) (/[^`?\s]*)", text.partition("## Names")[0])


_TEXT = PROTOCOL.read_text(encoding="utf-8")
EVENTS, PATHS = documented_events(_TEXT), documented_paths(_TEXT)
COMMANDS = sorted(set(re.findall(r"`(/[a-z]+)", _TEXT.partition("## Slash commands")[2].partition("\n## ")[0])))


def mostly(often: SearchStrategy[T], *seldom: SearchStrategy[T], share: int = 10) -> SearchStrategy[T]:
    """Return values of the first strategy, and of the others once in `share` times. `one_of` has no weights."""
    return st.integers(1, share).flatmap(lambda number: often if number > 1 else st.one_of(*seldom))


def marked(text: str) -> str:
    """Return a text that no log may show."""
    return TEXT_MARK + text


# JSON as text, because some of it no Python value has.
any_text = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "\0",
        "\ud800",
        "\udfff",
        "\u202e",
        "\u200b",
        "\uffff",
        "x" * 70,
        "y" * 5000,
        "👩‍💻",
        "\u017f",
        "٣",
        "%00",
        "../x",
    ]
)
deep = st.builds(
    lambda depth, marks: marks[0] * depth + "1" + marks[1] * depth,
    st.integers(1, 60) | st.integers(1, DEEPEST),
    st.sampled_from([("[", "]"), ('{"a":', "}")]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text.map(marked),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
simple_json = json_values.map(json.dumps)
numbers = st.sampled_from(["9" * 400, "-" + "9" * 4000, "9" * 5000, "1e999", "-0", "1E-400"])
valid_json = mostly(simple_json, deep, numbers, share=4)
broken_json = st.sampled_from(["NaN", "Infinity", "[" * DEEPEST, '{"a":' * 500, "[", "{", '"', "\\", '{"a":1,}', "\0"])
json_text = mostly(valid_json, broken_json)
message = st.one_of(
    any_text.map(marked),
    st.builds(lambda name, text: f"{name} {TEXT_MARK}{text}", st.sampled_from(COMMANDS), any_text),
    st.builds(
        lambda when, text: f"/remind {when} {TEXT_MARK}{text}",
        st.sampled_from(["1s", "1h", "10\u017f", "٣m", "999999w", "at 25:00", "at 9999-12-31 23:59-14:00", "at 0:00"]),
        any_text,
    ),
)
seq = st.sampled_from([0, 1, 2, 7, 999_999_999_999, 10**30, -1]) | st.integers()
dates = st.sampled_from(["2026-01-31", "2026-01-31T12:00:00Z", "0001-01-01", "9999-12-31T23:59:59.999-14:00", "today"])
users = st.integers(0, 5).map(lambda number: f"fuzz-{number}")
VALID: dict[str, SearchStrategy[object]] = {
    "room": st.sampled_from(["lobby", "design", "_hidden", "Lobby ", "a" * 32, "~x", LAST_ROOM, LAST_ROOM]),
    "message": message,
    "clientId": st.integers(0, 50).map(lambda number: f"m-{number}"),
    "replyTo": st.just(LAST_ID) | st.just({"id": LAST_ID}),
    "id": st.just(LAST_ID) | st.just("k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"),
    "emoji": st.sampled_from(["👍", "👎", "é", "x" * 40, "\u202e"]),
    "on": st.booleans(),
    "seq": seq,
    "before": seq | dates,
    "after": dates,
    "until": seq,
    "limit": seq,
    "utcOffset": st.integers(-900, 900),
    "kind": st.sampled_from(["public", "private", "direct"]),
    "title": any_text.map(marked),
    "user": users,
    "from": users,
    "mentions": st.lists(users, max_size=12),
    "text": any_text.map(marked) | st.sampled_from(["a", "the", "é"]),
    "cursor": any_text,
    "level": st.sampled_from(["all", "mentions", "none", "some"]),
    "away": st.booleans(),
    "role": st.sampled_from(["owner", "moderator", "member", "admin"]),
    "for": st.integers(0, 10**9),
    "secret": any_text.map(lambda text: SECRET_MARK + text),
}


def field_text(name: str) -> Text:
    """Return JSON for a field: mostly what is documented, else anything."""
    valid = VALID.get(name, json_values).map(json.dumps)
    return mostly(valid, valid_json)


@st.composite
def objects(draw: st.DrawFn, fields: list[str]) -> str:
    """Return a JSON object with some of the fields, and sometimes another one."""
    chosen = [name for name in fields if draw(st.integers(0, 9)) > 1]
    members = [f"{json.dumps(name)}:{draw(field_text(name))}" for name in chosen]
    if draw(st.integers(0, 9)) == 0:
        members.append(f"{json.dumps(draw(any_text))}:{draw(json_text)}")
    return "{" + ",".join(members) + "}"


@st.composite
def events(draw: st.DrawFn) -> tuple[str, str]:
    """Return an event's name and its data as JSON."""
    name = draw(st.sampled_from(sorted(EVENTS)))
    data = draw(mostly(objects(EVENTS[name]), json_text, share=5))
    shown = draw(mostly(st.just(name), st.just(name.upper()), any_text, share=8))
    return shown, data


ack_ids = mostly(st.none() | st.integers(0, 1000), st.sampled_from([-1, 2**63, 2**64]), share=20)


def json_event(event: tuple[str, str], data_type: str, ack_id: int | None) -> str:
    """Return an event's frame of the JSON subprotocols."""
    name, data = event
    ack = "" if ack_id is None else f',"ackId":{ack_id}'
    shown = data if data_type == "json" else json.dumps(data)
    return f'{{"type":"event","event":{json.dumps(name)},"dataType":"{data_type}","data":{shown}{ack}}}'


json_events = st.builds(
    json_event, events(), mostly(st.just("json"), st.sampled_from(["text", "binary", "x"])), ack_ids
)
json_frames = mostly(
    json_events | json_invocations(events()), JSON_FRAMES, JSON_FRAMES, json_text, st.binary(max_size=40), share=5
)


def protobuf_event(event: tuple[str, str], kind: str, ack_id: int | None) -> bytes:
    """Return an event's frame of the protobuf subprotocols."""
    name, text = event[0].encode(errors="replace").decode(), event[1].encode(errors="replace").decode()
    data = {
        "text": lambda: pb.MessageData(text_data=text),
        "json": lambda: pb.MessageData(json_data=text),
        "binary": lambda: pb.MessageData(binary_data=text.encode()),
    }[kind]()
    message = pb.EventMessage(event=name, data=data)
    if ack_id is not None:
        message.ack_id = ack_id % 2**64
    return pb.UpstreamMessage(event_message=message).SerializeToString()


protobuf_events = st.builds(
    protobuf_event, events(), mostly(st.just("json"), st.sampled_from(["text", "binary"])), ack_ids
)
protobuf_frames = mostly(
    protobuf_events | protobuf_invocations(events()), PROTOBUF_FRAMES, st.binary(max_size=60), st.just(""), share=5
)
plain_frames = mostly(events().map(lambda event: event[1]) | message, json_text, st.binary(max_size=40))


def frames_of(subprotocol: str | None) -> SearchStrategy[Frames]:
    """Return up to four frames of a connection with this subprotocol."""
    kinds = {None: plain_frames, JSON: json_frames, RELIABLE_JSON: json_frames}
    one = kinds.get(subprotocol, protobuf_frames)
    return st.lists(one, min_size=1, max_size=4).map(lambda frames: Frames(subprotocol, tuple(frames)))


header_bytes = st.binary(max_size=40).map(lambda value: value.translate(None, b"\r\n\0"))
segments = st.one_of(
    any_text.map(lambda text: text.encode(errors="surrogatepass")),
    st.sampled_from(
        [b"lobby", b"..", b".", b"x" * 253 + b".js", b"index.html", b"[", b"%00", b"\xff", b"", b"a" * 3000]
    ),
).map(lambda text: b"".join(b"%%%02X" % byte if not bytes([byte]).isalnum() else bytes([byte]) for byte in text))
WELL_KNOWN = (
    *[path for _, path in PATHS],
    "/",
    "/index.html",
    "/eventhandler",
    "/eventhandler/{event}",
    "/admin/host/status",
    "/runtime/webhooks/durabletask/instances/{id}",
    "/runtime/webhooks/durabletask/orchestrators/{name}",
    "/{path}",
    "/{path}/{path}",
)


@st.composite
def targets(draw: st.DrawFn) -> bytes:
    """Return a request's target: a path with its parameters filled in, and a query."""
    path = draw(st.sampled_from(WELL_KNOWN))
    filled = b"".join(
        draw(segments) if part.startswith("{") else part.encode() for part in re.split(r"(\{\w+\})", path)
    )
    names = st.sampled_from([b"id", b"limit", b"part", b"code", b"access_token", b"top", b"api-version"]) | segments
    pairs = draw(st.lists(st.tuples(names, segments | st.just(b"1")), max_size=3))
    secret = {b"code", b"access_token"}
    query = b"&".join(
        name + b"=" + (SECRET_MARK.encode().replace(b"!", b"%21") if name in secret else b"") + value
        for name, value in pairs
    )
    return (filled or b"/") + (b"?" + query if query else b"")


NAMED_HEADERS = (
    b"Content-Type", b"Accept-Encoding", b"If-None-Match", b"Origin", b"WebHook-Request-Origin",
    b"x-ms-client-principal-name",
    b"x-ms-client-principal-id", b"x-ms-client-principal", b"x-ms-client-request-id", b"traceparent",
    b"ce-id", b"ce-type",
    b"ce-connectionId", b"ce-signature", b"ce-hub", b"Cookie", b"Range", b"X-Forwarded-For",
)  # fmt: skip
SECRET_HEADERS = (b"Authorization", b"x-functions-key", b"x-ms-token-aad-access-token")
headers = st.lists(
    st.tuples(st.sampled_from(NAMED_HEADERS), header_bytes)
    | st.tuples(
        st.sampled_from(SECRET_HEADERS), header_bytes.map(lambda value: b"Bearer " + SECRET_MARK.encode() + value)
    )
    | st.tuples(st.just(b"Host"), header_bytes | st.sampled_from([b"[", b"a b", b"x" * 300])),
    max_size=4,
    unique_by=lambda header: header[0],
)
bodies = st.one_of(
    st.just(b""),
    json_text.map(lambda text: text.encode(errors="surrogatepass")),
    objects(["id", "user", "room"]).map(lambda text: text.encode()),
    st.binary(max_size=60),
    st.just(b"x" * 5000),
)
methods = st.sampled_from(
    [b"GET", b"GET", b"GET", b"POST", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"X"]
)
requests = st.builds(Request, methods, targets(), headers.map(tuple), bodies)

ATTRIBUTES = {
    "specversion": header_bytes | st.just(b"0.3"),
    "type": header_bytes | st.just(b"azure.webpubsub.sys.connect"),
    "id": header_bytes | st.integers(0, 20).map(lambda number: str(number).encode()),
    "time": header_bytes | st.sampled_from([b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59-14:00", b"2026-01-31"]),
    "hub": header_bytes,
    "userId": header_bytes,
    "subprotocol": header_bytes | st.sampled_from([JSON.encode(), PROTOBUF.encode()]),
    "connectionState": header_bytes | st.just(b"eyJ2IjoxfQ=="),
}
attributes = st.lists(
    st.sampled_from(sorted(ATTRIBUTES)).flatmap(lambda name: st.tuples(st.just(name), ATTRIBUTES[name])),
    max_size=2,
    unique_by=lambda attribute: attribute[0],
)


def signed_event(
    event: tuple[str, str], kind: tuple[str, str], given_attributes: list[tuple[str, bytes]], content_type: bytes
) -> SignedEvent:
    """Return an event of a kind (`user` or `sys`, and the name of a system event) with the data of a user event."""
    name = kind[1] or event[0].encode("ascii", errors="ignore").decode().translate(dict.fromkeys(range(32)))
    body = event[1].encode(errors="surrogatepass")
    if name == "disconnected":
        # Why a connection ended is logged: the service's words, which are no text of the chat.
        body = body.replace(TEXT_MARK.encode(), b"")
    return SignedEvent(kind[0], name, tuple(given_attributes), content_type, body)


signed_events = st.builds(
    signed_event,
    events(),
    st.sampled_from([("user", ""), ("sys", "connect"), ("sys", "connected"), ("sys", "disconnected")]),
    attributes,
    st.sampled_from(
        [b"application/json", b"application/json", b"text/plain; charset=utf-8", b"application/octet-stream", b""]
    ),
)

inputs = mostly(st.one_of(*map(frames_of, SUBPROTOCOLS)), requests, signed_events, share=3)
