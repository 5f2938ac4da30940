"""The times of changes: each is later than what the connection sent before it, and the connection's state keeps it."""

from typing import Any

from chat.lines import timestamp

from chat.message_ids import derived_id
from chat.webhook.connection_state import ConnectionState, decode_state, encode_state
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.conftest import event_headers
from tests.chat.local_chat import LocalChat

NOON_MS = 1_769_860_800_000  # the time of `event_headers`


async def change(chat: LocalChat, event: str, state: ConnectionState, **fields: Any) -> ConnectionState:
    """Post a user event of ana's, as the service does; return the connection's new state."""
    headers = event_headers("user", event, key=DEFAULT_ACCESS_KEY, userId="ana", connectionState=encode_state(state))
    content = {"room": "lobby", "id": derived_id("ana", "1")} | fields
    async with chat.http.post(f"{chat.url}/eventhandler", headers=headers, json=content) as response:
        assert response.status == 204, await response.text()
        return decode_state(response.headers["ce-connectionState"])


async def test_every_change_is_later_than_what_its_connection_sent_before(chat: LocalChat) -> None:
    watcher, _ = await chat.enter("watcher", "lobby")
    state = ConnectionState("ana")

    for event, fields in (
        ("edit", {"message": "one"}),
        ("edit", {"message": "two"}),
        ("react", {"emoji": "👍"}),
        ("delete", {}),
    ):
        before, state = state.message_at, await change(chat, event, state, **fields)
        assert state.message_at > before

    assert NOON_MS <= state.message_at < NOON_MS + 2000
    edits = [(await watcher.next(type="edited"))["editedAt"] for _ in range(2)]
    deleted = (await watcher.next(type="deleted"))["deletedAt"]
    assert edits == sorted(set(edits))
    assert deleted == timestamp(state.message_at)
