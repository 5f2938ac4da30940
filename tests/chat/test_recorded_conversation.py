"""The chat as it was recorded: a conversation is played again on a new chat, which does the same."""

from pathlib import Path

import pytest

from local_azure.recording import RecordingDiffers, ReplayOptions, StepKind, read_recording, record, replay
from tests.chat.local_chat import run_chat, until

LOBBY = {"room": "lobby"}


async def test_a_conversation_is_played_again_to_the_clients_and_to_the_app_alone(tmp_path: Path) -> None:
    file = tmp_path / "chat.jsonl"

    def has_handled(client: str, event: str) -> bool:
        steps = read_recording(file)
        # What an event has brought about for the other is recorded before its answer.
        return any(step.stream == (StepKind.ANSWER.value, client, event) for step in steps)

    async with run_chat() as chat:
        with record(chat.service, file):
            ana = await chat.open("ana")
            await until(lambda: has_handled("ana", "sys.connected"))
            bo = await chat.open("bo", subprotocol=None)
            await until(lambda: has_handled("bo", "sys.connected"))
            await ana.ask("message", {"message": "tea?", "clientId": "0e9f7bb0-7a5c-4a3e-9f41-5a3f6c7f9a10"})
            await bo.send("message", "yes please")
            await ana.next(message="yes please")
            await until(lambda: has_handled("bo", "user.message"))
            await bo.close()
            await until(lambda: has_handled("bo", "sys.disconnected"))
    # An id of a message follows from its sender and the client's id, or from the ids of the event.
    options = ReplayOptions(ignored=("id",))

    async with run_chat() as chat:
        assert (await replay(chat.service, file, options=options)).compared > 20
    async with run_chat() as chat:
        assert (await replay(chat.service, file, play="events", options=options)).compared > 8
    async with run_chat(ChatMessageBytes="5") as chat:
        with pytest.raises(RecordingDiffers, match="message_too_long"):
            await replay(chat.service, file, options=ReplayOptions(("id",), step_seconds=1.0))
