"""Which entries of a log are acts of moderation: no deletion of what is one's own, a reminder included."""

from chat.message_ids import derived_id
from chat.names import REMINDER_USER
from chat.room_log.audit import read_audit
from chat.room_log.model import Form, NewMessage
from chat.room_log.store import RoomStore
from local_azure.pytest_plugin import TableStorage
from tests.chat.room_log.conftest import ROOM, Instances
from tests.chat.room_log.requests import create, delete


async def test_deleting_what_is_ones_own_is_no_act_and_deleting_what_is_anothers_is_one(
    instances: Instances, table_storage: TableStorage, store: RoomStore
) -> None:
    writer = instances.writer(table_storage.connection_string)
    await writer.moderate(create("mo"))
    own, others, reminder = derived_id("mo", "1"), derived_id("bo", "1"), derived_id(REMINDER_USER, "1")
    await writer.append(NewMessage(own, "mo", "hi"))
    await writer.append(NewMessage(others, "bo", "hi"))
    await writer.append(NewMessage(reminder, "mo", "mo: tea", form=Form.REMINDER))
    for number, target in enumerate((own, others, reminder)):
        await writer.append(delete(f"c{number}", target, user="mo"))

    page = await read_audit(store, ROOM, await store.read_head(ROOM), None, 50)

    acts = [(entry.message_id, message.sender if message else None) for entry, message in page.acts]
    assert acts == [(others, "bo"), ("create", None)]


async def test_before_the_first_entry_there_is_nothing(
    instances: Instances, table_storage: TableStorage, store: RoomStore
) -> None:
    writer = instances.writer(table_storage.connection_string)
    await writer.moderate(create("mo"))
    head = await store.read_head(ROOM)

    late = await read_audit(store, ROOM, head, None, 1)
    beyond = await read_audit(store, ROOM, head, 1, 50)

    assert ([entry.id for entry, _ in late.acts], late.before) == (["create"], None)
    assert (beyond.acts, beyond.before) == ((), None)
