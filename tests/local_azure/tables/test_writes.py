"""What a write makes of an entity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.tables.edm import EdmType, Property
from local_azure.tables.entities import EntityKey, StoredEntity, decode_properties, encode_property, join_properties
from local_azure.tables.errors import TableError
from local_azure.tables.writes import Action, Match, Write, apply_write


def texts_of(properties: dict[str, Property]) -> dict[str, str]:
    return {name: encode_property(name, item) for name, item in properties.items()}


KEY = EntityKey("p", "r")
PROPERTIES = st.dictionaries(st.sampled_from("abc"), st.builds(Property, st.just(EdmType.INT32), st.integers(0, 9)))
BODIES = PROPERTIES.map(texts_of).map(join_properties)
CURRENT = st.none() | st.builds(StoredEntity, st.just(KEY), st.integers(0, 10), BODIES)
CONDITIONS = st.sampled_from(list(Match)) | st.integers(0, 10)


@given(st.sampled_from(Action), PROPERTIES, CONDITIONS, CURRENT, st.integers(0, 10))
def test_a_write_is_refused_or_done(
    action: Action, properties: dict[str, Property], condition: Match | int, current: StoredEntity | None, now: int
) -> None:
    write = Write(action, KEY, texts_of(properties), condition)
    status = 200
    try:
        after = apply_write(write, current, now)
    except TableError as error:
        status = error.code.status
    assert status in (200, 404, 409, 412)
    if status != 200:
        return
    if action is Action.DELETE:
        assert after is None
        return
    assert after is not None
    before = {} if current is None else decode_properties(current.body)
    kept = before if action is Action.MERGE else {}
    assert decode_properties(after.body) == {**kept, **properties}
    assert current is None or after.ticks > current.ticks


@pytest.mark.parametrize("now", [0, 5, 6])
def test_t080_the_etag_changes_when_the_clock_stands_still_or_goes_back(now: int) -> None:
    current = StoredEntity(KEY, 5, "{}")

    after = apply_write(Write(Action.MERGE, KEY), current, now)

    assert after is not None
    assert after.ticks == 6
