"""Value objects are equal by their fields, can be keys, and have no other attributes."""

from dataclasses import replace

import pytest

from chat.value_objects import value_object


@value_object
class Point:
    """A place on a screen."""

    x: int
    y: int = 0


def test_value_objects_are_equal_by_their_fields_and_can_be_keys() -> None:
    assert Point(1) == Point(1, 0) != Point(1, 2)
    assert {Point(1): "left"}[Point(1, 0)] == "left"
    assert replace(Point(1), y=2) == Point(1, 2)


def test_a_value_object_takes_no_other_attribute_and_the_type_checker_forbids_to_set_its_own() -> None:
    point = Point(1)

    with pytest.raises(AttributeError):
        point.z = 1  # type: ignore[attr-defined]
    point.x = 2  # type: ignore[misc] # mypy says that such a comment is not used where it finds no error
