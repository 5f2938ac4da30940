"""An id tells whose a message is, and every delivery of a message has the same id."""

from chat.message_ids import derived_id, is_message_id, is_own, new_message_id

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


def test_an_id_tells_whose_message_it_is() -> None:
    assert is_own(AN_ID, "ana")
    assert not is_own(AN_ID, "bo")
    assert is_message_id(AN_ID)
