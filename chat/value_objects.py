"""Value objects: dataclasses that never change, held by the type checker alone.

A message makes some twenty of them. `dataclass(frozen=True)` also checks at run time, which costs 0.1 µs for each
field of each new object.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_object(cls: type[T]) -> type[T]:
    """Return the class as a dataclass with slots and a hash; to set a field of an object is an error of types."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
