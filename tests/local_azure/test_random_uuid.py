"""Random UUIDs: their form, and that all other bits are random."""

import uuid

from local_azure.random_uuid import random_uuid


def test_they_are_different_uuids_of_version_4() -> None:
    ids = [random_uuid() for _ in range(100)]

    parsed = [uuid.UUID(text) for text in ids]
    assert [str(value) for value in parsed] == ids
    assert {(value.version, value.variant) for value in parsed} == {(4, uuid.RFC_4122)}
    assert len(set(ids)) == 100
    # No digit but that of the version is the same in all of them.
    assert [index for index in range(36) if len({text[index] for text in ids}) == 1] == [8, 13, 14, 18, 23]
