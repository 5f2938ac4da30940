"""What is written is read. What a later version wrote is ignored; what an earlier one did not write has a default."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.room_log.model import Entry, Head, Kind, Message, Quote
from chat.room_log.rows import (
    MESSAGE_PROPERTIES,
    decode_entry,
    decode_head,
    decode_message,
    encode_change,
    encode_entry,
    encode_head,
    encode_index,
    entry_key,
    index_key,
)
from chat.room_log.store import TABLE, RoomStore
from chat.table_storage.operations import Insert

ROOM = "lobby"
NOON_MS = 1_769_860_800_000
# What version 1 wrote, as Table storage returns it. A later version adds its own; none is ever removed.
WRITTEN_HEAD: dict[str, Any] = {"v": 1, "seq": 7, "messages": 4, "at": NOON_MS, "first": 2}
WRITTEN_MESSAGE: dict[str, Any] = {
    "RowKey": "e-000000000005",
    "v": 1,
    "kind": "message",
    "id": "m5",
    "user": "ana",
    "at": NOON_MS,
    "messages": 3,
    "clientId": "c-1",
    "text": "it's tea\n☕",
    "version": 7,
    "replyTo": '["m2","bo","tea?"]',
    "reactions": '[["👍",["bo","cy"]],["🎉",["ana"]]]',
    "editedAt": NOON_MS + 1,
    "deletedAt": NOON_MS + 2,
}
WRITTEN_CHANGE: dict[str, Any] = {
    "RowKey": "e-000000000007",
    "v": 1,
    "kind": "react",
    "id": "c7",
    "user": "bo",
    "at": NOON_MS,
    "messages": 4,
    "clientId": "r-1",
    "target": "m5",
    "targetSeq": 5,
    "emoji": "👍",
    "on": False,
}
HEAD = Head(7, 4, NOON_MS, 2, "etag")
MESSAGE = Message(
    id="m5",
    seq=5,
    version=7,
    sender="ana",
    text="it's tea\n☕",
    sent_at=NOON_MS,
    count=3,
    client_id="c-1",
    reply_to=Quote("m2", "bo", "tea?"),
    edited_at=NOON_MS + 1,
    deleted_at=NOON_MS + 2,
    reactions={"👍": ("bo", "cy"), "🎉": ("ana",)},
)
CHANGE = Entry(7, Kind.REACT, "c7", "bo", NOON_MS, 4, "m5", 5, "r-1", "👍", on=False)
MESSAGE_ENTRY = Entry(5, Kind.MESSAGE, "m5", "ana", NOON_MS, 3, "m5", 5, "c-1")


def test_rows_of_the_first_version_are_read() -> None:
    assert decode_head(WRITTEN_HEAD, "etag") == HEAD
    assert (decode_entry(WRITTEN_MESSAGE), decode_message(WRITTEN_MESSAGE)) == (MESSAGE_ENTRY, MESSAGE)
    assert decode_entry(WRITTEN_CHANGE) == CHANGE


def test_the_newest_version_is_written() -> None:
    keys = {"PartitionKey": ROOM}
    assert encode_head(ROOM, HEAD) == WRITTEN_HEAD | keys | {"RowKey": "head"}
    assert encode_entry(ROOM, MESSAGE_ENTRY, MESSAGE) == WRITTEN_MESSAGE | keys
    assert encode_entry(ROOM, CHANGE, MESSAGE) == WRITTEN_CHANGE | keys
    assert encode_index(ROOM, CHANGE) == keys | {"RowKey": "i-c7", "seq": 7}


def test_the_properties_of_a_later_version_are_ignored() -> None:
    later = {"v": 2, "pinnedBy": "bo", "slowMode": 30}

    assert decode_head(WRITTEN_HEAD | later, "etag") == HEAD
    assert (decode_entry(WRITTEN_MESSAGE | later), decode_message(WRITTEN_MESSAGE | later)) == (MESSAGE_ENTRY, MESSAGE)
    assert decode_entry(WRITTEN_CHANGE | later) == CHANGE


def test_a_message_is_read_from_the_properties_that_a_search_selects() -> None:
    selected = dict.fromkeys(MESSAGE_PROPERTIES) | {
        name: value for name, value in WRITTEN_MESSAGE.items() if name in MESSAGE_PROPERTIES
    }

    assert decode_message(selected) == replace(MESSAGE, client_id=None)


def test_a_search_selects_every_property_of_a_message_that_is_read() -> None:
    class Watched(dict[str, Any]):
        read: ClassVar[set[str]] = set()

        def __getitem__(self, name: str) -> Any:
            self.read.add(name)
            return super().__getitem__(name)

        def get(self, name: str, default: Any = None) -> Any:
            self.read.add(name)
            return super().get(name, default)

    decode_message(Watched(WRITTEN_MESSAGE))

    assert Watched.read - {"clientId"} == set(MESSAGE_PROPERTIES)


def test_mentions_are_written_with_a_message_that_has_some_and_with_every_change() -> None:
    mentioning = replace(MESSAGE, mentions=("bo", "cy"))
    row = encode_entry(ROOM, MESSAGE_ENTRY, mentioning)

    assert row["mentions"] == '["bo","cy"]'
    assert decode_message(row) == mentioning
    assert encode_change(ROOM, mentioning)["mentions"] == '["bo","cy"]'
    assert encode_change(ROOM, MESSAGE)["mentions"] == ""
    assert decode_message(row | {"mentions": ""}).mentions == ()


def test_no_row_is_the_head_of_a_room_without_entries() -> None:
    assert decode_head(None) == Head(0, 0, 0, 1, "")


@pytest.mark.parametrize("name", ["clientId", "replyTo", "reactions", "editedAt", "deletedAt"])
def test_a_missing_property_of_a_message_is_not_set(name: str) -> None:
    row = {key: value for key, value in WRITTEN_MESSAGE.items() if key != name}
    attributes = {"clientId": "client_id", "replyTo": "reply_to", "editedAt": "edited_at", "deletedAt": "deleted_at"}
    attribute = attributes.get(name, name)

    assert getattr(decode_message(row), attribute) == ({} if name == "reactions" else None)


@pytest.mark.parametrize(("name", "default"), [("clientId", None), ("emoji", ""), ("on", True)])
def test_a_missing_property_of_a_change_has_its_default(name: str, default: object) -> None:
    row = {key: value for key, value in WRITTEN_CHANGE.items() if key != name}

    assert getattr(decode_entry(row), "client_id" if name == "clientId" else name) == default


def test_long_integers_may_be_text_as_the_service_sends_them() -> None:
    as_text = {"at": str(NOON_MS), "editedAt": str(NOON_MS + 1), "deletedAt": str(NOON_MS + 2)}

    assert decode_message(WRITTEN_MESSAGE | as_text) == MESSAGE
    assert decode_entry(WRITTEN_CHANGE | {"at": str(NOON_MS), "targetSeq": "5"}) == CHANGE
    assert decode_head(WRITTEN_HEAD | {"at": str(NOON_MS)}, "etag") == HEAD


def test_the_order_of_rows_is_the_order_of_entries() -> None:
    keys = [entry_key(seq) for seq in (1, 9, 10, 99_999, 100_000, 999_999_999_999)]

    assert keys == sorted(keys)
    assert entry_key(1) < "head"
    assert entry_key(999_999_999_999) < "head" < index_key("m1")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(1, 10**12 - 1)
times = st.integers(0, 253_402_300_799_999)
messages = st.builds(
    Message,
    id=st.just("m1"),
    seq=numbers,
    version=numbers,
    sender=texts,
    text=texts,
    sent_at=times,
    count=numbers,
    client_id=st.none() | st.just("c-1"),
    reply_to=st.none() | st.builds(Quote, texts, texts, texts),
    edited_at=st.none() | times,
    deleted_at=st.none() | times,
    reactions=st.dictionaries(texts, st.lists(texts, min_size=1, max_size=3).map(tuple), max_size=3),
)


def entry_of(message: Message) -> Entry:
    return Entry(
        message.seq,
        Kind.MESSAGE,
        message.id,
        message.sender,
        message.sent_at,
        message.count,
        message.id,
        message.seq,
        message.client_id,
    )


@given(messages)
def test_every_message_is_read_as_it_was_written(message: Message) -> None:
    row = encode_entry(ROOM, entry_of(message), message)

    read = decode_message(row)

    assert read == message
    assert list(read.reactions) == list(message.reactions)
    assert decode_entry(row) == entry_of(message)


@given(messages, messages)
def test_a_change_that_is_merged_into_a_row_leaves_nothing_of_what_was_there(old: Message, new: Message) -> None:
    """Merging does not remove properties, so what has become empty is written; no message is undeleted or unedited."""
    new = Message(
        id=old.id,
        seq=old.seq,
        version=new.version,
        sender=old.sender,
        text=new.text,
        sent_at=old.sent_at,
        count=old.count,
        client_id=old.client_id,
        reply_to=new.reply_to,
        edited_at=new.edited_at or old.edited_at,
        deleted_at=new.deleted_at or old.deleted_at,
        reactions=new.reactions,
    )

    assert decode_message(encode_entry(ROOM, entry_of(old), old) | encode_change(ROOM, new)) == new


async def test_rows_come_back_from_storage_as_they_were_written(store: RoomStore) -> None:
    head = Head(7, 4, NOON_MS, 2)
    rows = [encode_head(ROOM, head), encode_entry(ROOM, MESSAGE_ENTRY, MESSAGE), encode_entry(ROOM, CHANGE, MESSAGE)]
    etags = await store.tables.transaction(
        TABLE, [Insert(row) for row in (*rows, encode_index(ROOM, CHANGE), encode_index(ROOM, MESSAGE_ENTRY))]
    )

    assert await store.read_head(ROOM) == Head(7, 4, NOON_MS, 2, etags[0])
    assert await store.find(ROOM, "c7") == (CHANGE, MESSAGE)
    assert await store.find(ROOM, "m5") == (MESSAGE_ENTRY, MESSAGE)
    assert await store.find_message(ROOM, "m5") == MESSAGE
    assert await store.find_message(ROOM, "c7") is None
    assert await store.find(ROOM, "unknown") is None
    assert [await store.read_count(ROOM, seq) for seq in (5, 6, 7)] == [3, None, 4]
