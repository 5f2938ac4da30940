"""Frames for the service itself: groups, acks, invocations and streams, in JSON and protobuf, valid or nearly."""

import json
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

SIMPLE = st.sampled_from(
    [
        '{"type":"joinGroup","group":"room.lobby","ackId":1}',
        '{"type":"sendToGroup","group":"room.lobby","dataType":"text","data":"x","ackId":2}',
        '{"type":"leaveGroup","group":"room.lobby"}',
        '{"type":"sequenceAck","sequenceId":18446744073709551615}',
        '{"type":"sequenceAck","sequenceId":-1}',
        '{"type":"ping"}',
        '{"type":"unknown"}',
        "{}",
        "",
    ]
)
ids = st.sampled_from(["1", "2", "s1", "s1", "", "x" * 2000, "\u202e", "\0"])
numbers = st.sampled_from([1, 1, 2, 3, 0, 2**32, 2**64 - 1])
odd_numbers = st.sampled_from([-1, 2**64, 1.5, "1", None, True])
groups = st.sampled_from(["room.lobby", "g", " ", "g" * 1025])
texts = st.sampled_from(["", "x", "é", "\0"])


def json_frame(
    type_: str, required: dict[str, SearchStrategy[object]], **optional: SearchStrategy[object]
) -> st.SearchStrategy[str]:
    """Return frames of one type; what is required is left out now and then too."""
    members = st.fixed_dictionaries({}, optional=required | optional) | st.fixed_dictionaries(
        required, optional=optional
    )
    return members.map(lambda chosen: json.dumps({"type": type_} | chosen))


JSON_FRAMES = st.one_of(
    SIMPLE,
    json_frame("cancelInvocation", {"invocationId": ids | odd_numbers}),
    json_frame(
        "sendToGroup",
        {
            "group": groups,
            "stream": st.fixed_dictionaries({"streamId": ids}, optional={"idleTimeoutMs": numbers | odd_numbers}),
        },
        noEcho=st.booleans(),
        data=texts,
    ),
    json_frame(
        "streamData", {"streamId": ids, "streamSequenceId": numbers, "dataType": st.just("text"), "data": texts}
    ),
    json_frame("streamData", {"streamId": ids}, streamSequenceId=odd_numbers, data=texts | st.none()),
    json_frame(
        "streamEnd",
        {"streamId": ids},
        error=st.fixed_dictionaries({}, optional={"message": texts | odd_numbers, "userErrorCode": texts})
        | odd_numbers,
    ),
)


def invoke_frame(event: tuple[str, str], id_: str, ack_id: int | None) -> str:
    """Return a JSON frame that invokes an event with its data, which is JSON; an ack id means nothing in it."""
    name, data = event
    ack = "" if ack_id is None else f',"ackId":{ack_id}'
    begin = f'{{"type":"invoke","target":"event","invocationId":{json.dumps(id_)},"event":{json.dumps(name)}'
    return f'{begin},"dataType":"json","data":{data}{ack}}}'


def json_invocations(events: SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[str]:
    """Return frames that invoke these events."""
    return st.builds(invoke_frame, events, ids, st.none() | st.integers(0, 9))


def protobuf_data(text: str, member: str) -> "pb.MessageData":
    """Return a payload in one of the members."""
    return {
        "text": lambda: pb.MessageData(text_data=text),
        "json": lambda: pb.MessageData(json_data=text),
        "binary": lambda: pb.MessageData(binary_data=text.encode()),
        "nothing": lambda: pb.MessageData(),
    }[member]()


members = st.sampled_from(["text", "json", "binary", "nothing"])
payloads = st.builds(protobuf_data, texts, members)
streams = st.builds(lambda id_, idle: pb.Stream(stream_id=id_, idle_timeout_ms=idle % 2**32), ids, numbers)


def upstream(member: str) -> Callable[[object], bytes]:
    """Return what serializes an upstream message with this member."""
    return lambda message: pb.UpstreamMessage(**{member: message}).SerializeToString()  # type: ignore[arg-type]


def protobuf_invocations(events: SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[bytes]:
    """Return frames that invoke these events."""

    def invocation(event: tuple[str, str], id_: str, member: str) -> object:
        name, text = (part.encode(errors="replace").decode() for part in event)
        return pb.InvokeEventMessage(event=name, invocation_id=id_, data=protobuf_data(text, member))

    return st.builds(invocation, events, ids, members).map(upstream("invoke_event_message"))


PROTOBUF_FRAMES = st.one_of(
    ids.map(lambda id_: pb.CancelInvocationMessage(invocation_id=id_)).map(upstream("cancel_invocation_message")),
    st.builds(lambda group, stream: pb.SendToGroupMessage(group=group, stream=stream), groups, streams).map(
        upstream("send_to_group_message")
    ),
    st.builds(
        lambda id_, number, data: pb.StreamDataMessage(stream_id=id_, stream_sequence_id=number, data=data),
        ids,
        numbers,
        payloads,
    ).map(upstream("stream_data_message")),
    ids.map(lambda id_: pb.StreamDataMessage(stream_id=id_)).map(upstream("stream_data_message")),
    ids.map(lambda id_: pb.StreamEndMessage(stream_id=id_)).map(upstream("stream_end_message")),
    st.builds(lambda event, stream: pb.EventMessage(event=event, stream=stream), st.just("message"), streams).map(
        upstream("event_message")
    ),
)
