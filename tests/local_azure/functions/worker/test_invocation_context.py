"""What the host makes up for an invocation."""

import uuid

from local_azure.functions.worker.invocation_context import new_invocation_id


def test_invocation_ids_are_different_random_uuids() -> None:
    ids = [new_invocation_id() for _ in range(100)]

    parsed = [uuid.UUID(text) for text in ids]
    assert [str(value) for value in parsed] == ids
    assert {(value.version, value.variant) for value in parsed} == {(4, uuid.RFC_4122)}
    assert len(set(ids)) == 100
    # No digit but that of the version is the same in all of them.
    assert [index for index in range(36) if len({text[index] for text in ids}) == 1] == [8, 13, 14, 18, 23]
