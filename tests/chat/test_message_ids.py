"""Every delivery of a message has the same id, and no two users have the same ids."""

from chat.message_ids import derived_id, is_message_id, new_message_id, owner_part

AN_ID = derived_id("ana", "x")


def test_a_message_sent_again_has_the_same_id() -> None:
    assert new_message_id("ana", "c1", "1", "m-1") == new_message_id("ana", "c2", "7", "m-1")
    assert new_message_id("ana", "c1", "1", None) == new_message_id("ana", "c1", "1", None)


def test_different_messages_have_different_ids() -> None:
    ids = {
        new_message_id("ana", "c1", "1", "m-1"),
        new_message_id("ana", "c1", "1", "m-2"),
        new_message_id("ana", "c1", "1", None),
        new_message_id("ana", "c1", "2", None),
        new_message_id("ana", "c2", "1", None),
        new_message_id("bo", "c1", "1", "m-1"),
    }

    assert len(ids) == 6


def test_the_first_part_of_an_id_follows_from_its_user_alone() -> None:
    assert AN_ID.startswith(owner_part("ana") + "-")
    assert owner_part("bo") != owner_part("ana")
    assert is_message_id(AN_ID)
