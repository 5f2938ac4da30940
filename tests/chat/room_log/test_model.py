"""What a request does to a message, and what it may not do."""

import pytest

from chat.room_log.model import (
    MAX_EMOJIS,
    MAX_REACTIONS,
    QUOTE_LENGTH,
    Change,
    Message,
    NotYours,
    Quote,
    TooManyReactions,
    UnknownMessage,
    change_message,
    first_message,
    with_reaction,
)
from tests.chat.room_log.requests import delete, edit, new_message, react

ANA = Message(id="m1", seq=4, version=6, sender="ana", text="hello", sent_at=1000, count=3, reactions={"👍": ("bo",)})
DELETED = change_message(ANA, delete("c0", "m1"), 7, 1700)


def test_a_new_message_has_its_own_number_as_its_version() -> None:
    message = first_message(new_message("m2", "hi"), None, seq=9, at=1234, count=5)

    assert message == Message(id="m2", seq=9, version=9, sender="ana", text="hi", sent_at=1234, count=5)


def test_a_quote_is_the_senders_name_and_one_line_of_the_quoted_message() -> None:
    quoted = Message(id="m1", seq=1, version=1, sender="bo", text="shall\n we\t go?", sent_at=0, count=1)

    message = first_message(new_message("m2", answers="m1"), quoted, 2, 0, 2)

    assert message.reply_to == Quote("m1", "bo", "shall we go?")


def test_a_quote_is_cut_to_its_limit() -> None:
    quoted = Message(id="m1", seq=1, version=1, sender="bo", text="é" * (QUOTE_LENGTH + 1), sent_at=0, count=1)

    message = first_message(new_message("m2", answers="m1"), quoted, 2, 0, 2)

    assert message.reply_to
    assert len(message.reply_to.text) == QUOTE_LENGTH == 200


@pytest.mark.parametrize("quoted", [None, DELETED])
def test_a_message_that_is_not_there_cannot_be_answered(quoted: Message | None) -> None:
    with pytest.raises(UnknownMessage):
        first_message(new_message("m2", answers="m1"), quoted, 8, 0, 2)


def test_an_edit_replaces_the_text_and_keeps_the_place() -> None:
    edited = change_message(ANA, edit("c1", "m1", "goodbye"), 7, 1700)

    assert (edited.text, edited.edited_at, edited.version) == ("goodbye", 1700, 7)
    assert (edited.seq, edited.sent_at, edited.count, edited.reactions) == (4, 1000, 3, {"👍": ("bo",)})


def test_a_deletion_leaves_the_place_alone() -> None:
    assert (DELETED.text, DELETED.reactions, DELETED.reply_to, DELETED.deleted_at) == ("", {}, None, 1700)
    assert (DELETED.seq, DELETED.version, DELETED.sender) == (4, 7, "ana")


@pytest.mark.parametrize("change", [edit("c1", "m1", "x", user="bo"), delete("c1", "m1", user="bo")])
def test_only_ones_own_messages_can_be_changed(change: Change) -> None:
    with pytest.raises(NotYours):
        change_message(ANA, change, 7, 0)


@pytest.mark.parametrize(
    "change", [edit("c1", "m1", "x", user="bo", admin=True), delete("c1", "m1", user="bo", admin=True)]
)
def test_an_admin_changes_the_messages_of_others(change: Change) -> None:
    assert change_message(ANA, change, 7, 0).version == 7


@pytest.mark.parametrize("change", [edit("c1", "m1", "x"), delete("c1", "m1"), react("c1", "m1")])
def test_a_message_that_is_not_there_cannot_be_changed(change: Change) -> None:
    with pytest.raises(UnknownMessage):
        change_message(None, change, 7, 0)


@pytest.mark.parametrize("change", [edit("c1", "m1", "x"), react("c1", "m1"), react("c1", "m1", user="bo", on=False)])
def test_a_deleted_message_is_changed_no_more(change: Change) -> None:
    with pytest.raises(UnknownMessage):
        change_message(DELETED, change, 8, 0)


def test_what_changes_nothing_gives_the_same_object() -> None:
    assert change_message(ANA, edit("c1", "m1", "hello"), 7, 0) is ANA
    assert change_message(ANA, react("c1", "m1", user="bo"), 7, 0) is ANA
    assert change_message(ANA, react("c1", "m1", user="cy", on=False), 7, 0) is ANA
    assert change_message(DELETED, delete("c1", "m1"), 8, 0) is DELETED


def test_users_stand_in_the_order_in_which_they_reacted() -> None:
    reactions = with_reaction({"👍": ("bo", "ana")}, "👍", "cy", on=True)
    assert reactions == {"👍": ("bo", "ana", "cy")}

    assert with_reaction(reactions, "👍", "ana", on=False) == {"👍": ("bo", "cy")}


def test_an_emoji_without_users_is_gone_and_the_others_keep_their_order() -> None:
    reactions = with_reaction({"👍": ("bo",), "🎉": ("ana",), "❤️": ("ana",)}, "🎉", "ana", on=False)

    assert reactions is not None
    assert list(reactions.items()) == [("👍", ("bo",)), ("❤️", ("ana",))]


def test_a_message_has_a_limit_of_different_reactions() -> None:
    full = {f"e{number}": ("ana",) for number in range(MAX_EMOJIS)}
    assert MAX_EMOJIS == 20

    assert with_reaction(full, "e0", "bo", on=True)
    with pytest.raises(TooManyReactions, match="20 different reactions"):
        with_reaction(full, "one more", "bo", on=True)
    assert with_reaction(full, "e0", "ana", on=False)


def test_a_message_has_a_limit_of_reactions() -> None:
    full = {"👍": tuple(f"user {number}" for number in range(MAX_REACTIONS - 1)), "🎉": ("ana",)}
    assert MAX_REACTIONS == 200

    with pytest.raises(TooManyReactions, match="200 reactions"):
        with_reaction(full, "🎉", "bo", on=True)
    assert with_reaction(full, "👍", "user 0", on=False)
    assert with_reaction(full, "👍", "user 0", on=True) is None
