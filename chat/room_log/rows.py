"""How a room's log is stored: the rows of its partition in Table storage, and what they mean.

The partition is the room's name. Its rows are

    head         v, seq, messages, at, first, rules, spoke
    e-<seq>      v, kind, id, user, at, messages, clientId
                 a message:  text, version, name, form, replyTo, editedAt, deletedAt, reactions, mentions
                 a change:   target, targetSeq, emoji, on, reason
                 an act of moderation: act
    i-<id>       seq of the entry with this id

with `seq` in twelve digits, so that the order of rows is the order of entries. `replyTo` is JSON `[id, from, text]` or
`[id, from, text, user]`, `reactions` is JSON `[[emoji, [user]]]`, `mentions` JSON `[user]`, `rules`, `spoke` and `act`
are JSON objects (`rules_rows.py`); an empty text means none. `v` is the version of the form: a reader ignores what
it does not know. A row is changed by merging, so what another version of the app wrote stays.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat.message_ids import owner_part
from chat.names import ERASED_USER, REMINDER_USER
from chat.room_log.model import Entry, Form, Head, Kind, Message, Quote
from chat.room_log.moderation_acts import Moderation
from chat.room_log.rules import DEFAULT_RULES
from chat.room_log.rules_rows import decode_act, decode_rules, encode_act, encode_rules

VERSION = 1
HEAD = "head"

Row = Mapping[str, Any]
# What `decode_message` reads, for who reads many rows; without the `clientId`, which only matters for a new message.
MESSAGE_PROPERTIES = (
    *("RowKey", "id", "user", "name", "form", "at", "messages", "text", "version"),
    *("replyTo", "editedAt", "deletedAt", "reactions", "mentions"),
)
# What is merged into the row of an entry whose user was erased.
ERASED: dict[str, Any] = {"user": ERASED_USER, "clientId": "", "name": ""}
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def entry_key(seq: int) -> str:
    """Return the row key of an entry."""
    return f"e-{seq:012}"


def index_key(identity: str) -> str:
    """Return the row key of an id's index row."""
    return f"i-{identity}"


def encode_head(room: str, head: Head) -> dict[str, Any]:
    """Return the head's row."""
    keys = {"PartitionKey": room, "RowKey": HEAD, "v": VERSION}
    return keys | {"seq": head.seq, "messages": head.messages, "at": head.at, "first": head.first}


def encode_changed_rules(before: Head, after: Head) -> dict[str, Any]:
    """Return the properties of a head's rules that are to be written: those that changed."""
    row: dict[str, Any] = {}
    if after.rules is not before.rules:
        row["rules"] = encode_rules(after.rules)
    if after.spoke is not before.spoke:
        row["spoke"] = _ENCODER.encode(after.spoke) if after.spoke else ""
    return row


def decode_head(row: Row | None, etag: str = "") -> Head:
    """Return the head that a row holds; no row is the head of a room without entries."""
    if row is None:
        return Head()
    rules, spoke = row.get("rules"), row.get("spoke")
    return Head(
        int(row["seq"]),
        int(row["messages"]),
        int(row["at"]),
        int(row["first"]),
        etag,
        decode_rules(rules) if rules else DEFAULT_RULES,
        json.loads(spoke) if spoke else {},
    )


def encode_entry(room: str, entry: Entry, message: Message) -> dict[str, Any]:
    """Return an entry's row; a message's row has its text and all that changes."""
    row = _encode_common(room, entry)
    if entry.kind is Kind.MESSAGE:
        if message.sender_name:
            row["name"] = message.sender_name
        if message.form:
            row["form"] = message.form.value
        return row | encode_mutable(message)
    row |= {"target": entry.message_id, "targetSeq": entry.message_seq}
    if entry.kind is Kind.REACT:
        row |= {"emoji": entry.emoji, "on": entry.on}
    if entry.reason:
        row["reason"] = entry.reason
    return row


def encode_moderation(room: str, entry: Entry, moderation: Moderation) -> dict[str, Any]:
    """Return the row of an act of moderation."""
    return _encode_common(room, entry) | {"act": encode_act(moderation)}


def _encode_common(room: str, entry: Entry) -> dict[str, Any]:
    """Return the properties that every entry has."""
    row: dict[str, Any] = {
        "PartitionKey": room,
        "RowKey": entry_key(entry.seq),
        "v": VERSION,
        "kind": entry.kind.value,
        "id": entry.id,
        "user": entry.user,
        "at": entry.at,
        "messages": entry.count,
    }
    if entry.client_id is not None:
        row["clientId"] = entry.client_id
    return row


def encode_index(room: str, entry: Entry) -> dict[str, Any]:
    """Return the index row of an entry."""
    return {"PartitionKey": room, "RowKey": index_key(entry.id), "seq": entry.seq}


def encode_change(room: str, message: Message) -> dict[str, Any]:
    """Return what to merge into a message's row after a change."""
    row = {"PartitionKey": room, "RowKey": entry_key(message.seq)} | encode_mutable(message, is_change=True)
    return row | (ERASED if message.sender == ERASED_USER else {})


def encode_mutable(message: Message, *, is_change: bool = False) -> dict[str, Any]:
    """Return the properties of a message that changes may touch; a change also writes what has become empty."""
    reply_to = message.reply_to
    properties: dict[str, Any] = {"text": message.text, "version": message.version}
    if reply_to is not None or is_change:
        properties["replyTo"] = encode_quote(reply_to) if reply_to else ""
    if message.reactions or is_change:
        properties["reactions"] = _ENCODER.encode(list(message.reactions.items())) if message.reactions else ""
    if message.mentions or is_change:
        properties["mentions"] = _ENCODER.encode(message.mentions) if message.mentions else ""
    if message.edited_at is not None:
        properties["editedAt"] = message.edited_at
    if message.deleted_at is not None:
        properties["deletedAt"] = message.deleted_at
    return properties


def encode_quote(quote: Quote) -> str:
    """Return a quote as it is stored; the sender's id is there where it differs from the name that was shown."""
    return _ENCODER.encode([quote.id, quote.sender, quote.text] + ([quote.user] if quote.user else []))


def erase_from_row(row: Row, user: str) -> dict[str, Any]:
    """Return what is merged into the row of a change or an act that names a user; nothing for another one.

    An act of the user loses its reason, which is the user's own text. So does an act on the user, and the deletion of a
    message of the user: their reasons are about the user.
    """
    is_own = row["user"] == user
    changes = dict(ERASED) if is_own else {}
    if row.get("reason") and (is_own or row["target"].startswith(owner_part(user))):
        changes["reason"] = ""
    if row["kind"] == Kind.MODERATE:
        moderation = decode_act(row.get("act"))
        is_about = moderation.whom == user
        whom = ERASED_USER if is_about else moderation.whom
        erased = replace(moderation, whom=whom, reason="" if is_own or is_about else moderation.reason)
        if erased != moderation:
            changes["act"] = encode_act(erased)
    return changes


def decode_entry(row: Row) -> Entry:
    """Return the entry that a row holds."""
    kind, seq = Kind(row["kind"]), int(row["RowKey"][2:])
    return Entry(
        seq=seq,
        kind=kind,
        id=row["id"],
        user=row["user"],
        at=int(row["at"]),
        count=int(row["messages"]),
        message_id=row.get("target", row["id"]),
        message_seq=int(row.get("targetSeq", seq)),
        client_id=None if row["user"] == ERASED_USER else row.get("clientId"),
        emoji=row.get("emoji", ""),
        on=row.get("on", True),
        moderation=decode_act(row.get("act")) if kind is Kind.MODERATE else None,
        reason=row.get("reason", ""),
    )


def decode_message(row: Row) -> Message:
    """Return the message that a message's row holds, as it is now."""
    seq = int(row["RowKey"][2:])
    reply_to, reactions, sender = row.get("replyTo"), row.get("reactions"), row["user"]
    mentions = row.get("mentions")
    return Message(
        id=row["id"],
        seq=seq,
        version=int(row["version"]),
        sender=sender,
        text=row["text"],
        sent_at=int(row["at"]),
        count=int(row["messages"]),
        client_id=None if row["user"] == ERASED_USER else row.get("clientId"),
        reply_to=Quote(*json.loads(reply_to)) if reply_to else None,
        edited_at=_optional_int(row.get("editedAt")),
        deleted_at=_optional_int(row.get("deletedAt")),
        reactions={emoji: tuple(users) for emoji, users in json.loads(reactions)} if reactions else {},
        sender_name="" if sender == ERASED_USER else row.get("name") or "",
        # An earlier version stored reminders as messages of a user with this name, which nobody else could have.
        form=Form.REMINDER if sender == REMINDER_USER else Form(row.get("form", "")),
        mentions=tuple(json.loads(mentions)) if mentions else (),
    )


def _optional_int(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) else None
