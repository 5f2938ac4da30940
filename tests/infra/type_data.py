"""The types of Azure's resources, as `tests/infra/types/*.json` keeps them (types/README.md says in which form)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.infra.documented_values import DOCUMENTED_VALUES

FOLDER = Path(__file__).parent / "types"
_FLAGS = re.compile(r"^(.*?)(?: \(([A-Z]\w+(?:, [A-Z]\w+)*)\))?$")
_LIMITS = re.compile(r"^(.*) \{(.*)\}$")
_LIMIT = re.compile(r"(\w+): (?:\"([^\"]*)\"|(\d+))")


@dataclass(frozen=True)
class Limits:
    """What a string, a number or an array must keep to; None: no limit."""

    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min_value: int | None = None
    max_value: int | None = None


@dataclass(frozen=True)
class Basic:
    """`string`, `int`, `bool`, `object` or `any`."""

    name: str
    limits: Limits = Limits()


@dataclass(frozen=True)
class Choices:
    """One of some strings. Where Microsoft's data allow others too (`| string`), this check does not."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class ArrayOf:
    """An array of items of one shape."""

    item: "Shape"


@dataclass(frozen=True)
class ObjectType:
    """An object: its properties by name; `rest` is the shape of all others in a map.

    With a discriminator, the variant of its value has the properties.
    """

    name: str
    properties: Mapping[str, "PropertyType"] = field(default_factory=dict)
    rest: "Shape | None" = None
    discriminator: str | None = None
    variants: Mapping[str, "ObjectType"] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """An object type by its name in one file of the data."""

    file: str
    name: str


Shape = Basic | Choices | ArrayOf | ObjectType | Reference


@dataclass(frozen=True)
class PropertyType:
    """A property's shape and flags."""

    shape: Shape
    is_required: bool = False
    is_read_only: bool = False


@dataclass
class TypeData:
    """All types: resources by `type@version`, others by file and name."""

    resources: dict[str, ObjectType] = field(default_factory=dict)
    types: dict[Reference, ObjectType] = field(default_factory=dict)

    def resolve(self, shape: Shape) -> Shape:
        """Return the shape itself, or the object type that it refers to; `any` for a type that is not kept."""
        return self.types.get(shape, Basic("any")) if isinstance(shape, Reference) else shape


@cache
def read_type_data() -> TypeData:
    """Return the types of all files."""
    data = TypeData()
    for file in sorted(FOLDER.glob("*.json")):
        content = json.loads(file.read_text())
        for name, body in content["resources"].items():
            data.resources[name] = _object_type(file.stem, name.partition("@")[0], body)
        for name, body in content["types"].items():
            data.types[Reference(file.stem, name)] = _object_type(file.stem, name, body)
    return data


def _object_type(file: str, name: str, body: Mapping[str, Any]) -> ObjectType:
    if "variants" in body:
        variants = {value: _object_type(file, name, each) for value, each in body["variants"].items()}
        return ObjectType(name, discriminator=body["discriminator"], variants=variants)
    properties = {key: parse_property(text, file) for key, text in body.items() if key != "*"}
    for key, values in DOCUMENTED_VALUES.get(name, {}).items():
        if key in properties:
            properties[key] = _with_choices(properties[key], values)
    return ObjectType(name, properties, parse_property(body["*"], file).shape if "*" in body else None)


def _with_choices(known: PropertyType, values: tuple[str, ...]) -> PropertyType:
    shape = ArrayOf(Choices(values)) if isinstance(known.shape, ArrayOf) else Choices(values)
    return PropertyType(shape, known.is_required, known.is_read_only)


def parse_property(text: str, file: str) -> PropertyType:
    """Return the property that a text such as `'Allow' | 'Deny' (Required)` describes."""
    found = _FLAGS.match(text)
    assert found, text
    flags = (found[2] or "").split(", ")
    return PropertyType(_shape(found[1], file), "Required" in flags, "ReadOnly" in flags)


def _shape(text: str, file: str) -> Shape:
    if text.endswith("[]"):
        item = text.removesuffix("[]")
        return ArrayOf(_shape(item[1:-1] if item.startswith("(") else item, file))
    if limited := _LIMITS.match(text):
        inner = _shape(limited[1], file)
        return Basic(inner.name, _limits(limited[2])) if isinstance(inner, Basic) else inner
    if "'" in text:
        return Choices(tuple(re.findall(r"'([^']*)'", text)))
    return Basic(text) if text in ("string", "int", "bool", "object", "any") else Reference(file, text)


def _limits(text: str) -> Limits:
    numbers = {name: int(number) for name, _, number in _LIMIT.findall(text) if number}
    pattern = next((pattern for name, pattern, _ in _LIMIT.findall(text) if name == "pattern"), None)
    return Limits(
        min_length=numbers.get("minLength"),
        max_length=numbers.get("maxLength"),
        pattern=pattern,
        min_value=numbers.get("minValue"),
        max_value=numbers.get("maxValue"),
    )
