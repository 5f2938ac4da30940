"""An export tells admins why moderators acted; the log's other readers are not told."""

import json
from dataclasses import replace

from chat.administration.export import encode_entry
from chat.room_log.entry_frames import entry_frame
from chat.room_log.moderation_acts import Act
from tests.chat.room_log.requests import MemoryLog, act, create, delete, new_message


def test_an_export_has_the_acts_with_their_reasons() -> None:
    log = MemoryLog()
    log.append([create("mo"), new_message("m1", user="bo")])
    log.append([act("a1", Act.MUTE, "bo", user="mo", until=5, reason="rude")])
    log.append([replace(delete("c1", "m1", user="mo"), reason="rude words")])

    lines = [
        json.loads(encode_entry("lobby", entry, log.messages.get(entry.message_id))) for entry in log.entries.values()
    ]

    assert [(line.get("act") or line.get("type"), line.get("by"), line.get("reason")) for line in lines] == [
        ("create", "mo", None),
        (None, None, None),
        ("mute", "mo", "rude"),
        ("deleted", "mo", "rude words"),
    ]
    frames = [entry_frame("lobby", entry, log.messages.get(entry.message_id)) for entry in log.entries.values()]
    assert "rude" not in str(frames)
