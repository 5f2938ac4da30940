"""Do the resources of a document have the properties that their types ask for?

The check goes into both arms of a choice, into the arguments of `union` and `concat`, into loops and into variables.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.infra.bicep_values import (
    Call,
    Choice,
    Condition,
    Document,
    Items,
    Lambda,
    Loop,
    Name,
    Null,
    Number,
    Object,
    Operation,
    Property,
    Resource,
    Text,
    Value,
    Variable,
    object_of,
)
from tests.infra.expression_types import Expressions, NoMember, describe
from tests.infra.type_data import ArrayOf, Basic, Choices, ObjectType, Reference, Shape, TypeData

# What Bicep itself reads in the body of a resource.
DECLARATION_PROPERTIES = ("parent", "scope", "dependsOn")
# By what a resource that exists already is found.
IDENTIFIERS = ("name", "appId", "uniqueName")
MERGING = ("union", "concat", "flatten")


@dataclass(frozen=True, order=True)
class Finding:
    """A problem in a line of a file."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


def check_resources(document: Document, documents: Mapping[str, Document], types: TypeData) -> list[Finding]:
    """Return what is wrong in the bodies of a document's resources."""
    check = ResourceCheck(document, types, Expressions(document, documents, types))
    for resource in document.of_kind(Resource):
        check.check_resource(resource)
    return sorted(set(check.findings))


@dataclass
class ResourceCheck:
    """The check of one document; collects findings."""

    document: Document
    types: TypeData
    expressions: Expressions
    findings: list[Finding] = field(default_factory=list)

    def check_resource(self, resource: Resource) -> None:
        """Compare a resource with its type."""
        expected = self.types.resources.get(resource.type)
        if expected is None:
            self._report(resource.line, f"there is no type data for {resource.type}")
            return
        body = object_of(resource.body)
        own = [each for each in body.properties if each.name not in DECLARATION_PROPERTIES]
        self._check_parent(resource, body)
        if resource.is_existing:
            self._check_existing(own, expected)
            return
        self._check_object(Object(resource.line, own), expected)

    def _check_existing(self, own: list[Property], expected: ObjectType) -> None:
        for each in own:
            if each.name not in IDENTIFIERS or each.name not in expected.properties:
                self._report(each.line, f"{each.name} is set of a resource that exists already")
            else:
                self.check(each.value, expected.properties[each.name].shape)

    def _check_parent(self, resource: Resource, body: Object) -> None:
        parent = body.find("parent")
        if parent is None:
            return
        found = self.document.find(parent.name) if isinstance(parent, Name) else None
        kind = resource.type.partition("@")[0].rpartition("/")[0]
        if not isinstance(found, Resource) or found.type.partition("@")[0] != kind:
            self._report(parent.line, f"the parent of {resource.type} must be a {kind}")

    def _report(self, line: int, problem: str) -> None:
        self.findings.append(Finding(self.document.name, line, problem))

    def check(self, value: Value, shape: Shape) -> None:
        """Compare an expression with the shape that its place asks for."""
        if isinstance(shape, Reference) and shape not in self.types.types:
            self._report(value.line, f"the type {shape.name} is not kept: take it out of `any` in {shape.file}.json")
        shape = self.types.resolve(shape)
        match value:
            case _ if shape == Basic("any"):
                return
            case Null():
                return
            case Name() if isinstance(found := self.document.find(value.name), Variable):
                self.check(found.value, shape)
            case Choice():
                self.check(value.yes, shape)
                self.check(value.no, shape)
            case Operation(operator="??"):
                for each in value.operands:
                    self.check(each, shape)
            case Condition():
                self.check(value.body, shape)
            case Call() if value.function in MERGING and isinstance(shape, ObjectType):
                self._check_object(_merged(value, self.document), shape)
            case Call() if value.function in MERGING:
                for each in value.arguments:
                    self.check(each, shape)
            case Call(function="filter"):
                self.check(value.arguments[0], shape)
            case Call(function="map") if isinstance(shape, ArrayOf) and isinstance(value.arguments[1], Lambda):
                self.check(value.arguments[1].body, shape.item)
            case Loop() if isinstance(shape, ArrayOf):
                self.check(value.body, shape.item)
            case Items() if isinstance(shape, ArrayOf):
                for each in value.values:
                    self.check(each, shape.item)
            case Object() if isinstance(shape, ObjectType):
                self._check_object(value, shape)
            case Text() if (literal := value.literal) is not None:
                self._check_text(value.line, literal, shape)
            case Number() if shape == Basic("int") or (isinstance(shape, Basic) and shape.name == "int"):
                self._check_number(value, shape)
            case _:
                self._check_shape(value, shape)

    def _check_object(self, value: Object, expected: ObjectType) -> None:
        if expected.discriminator:
            variant = self._variant(value, expected)
            if variant is None:
                return
            expected = variant
        seen: set[str] = set()
        known_properties = [each for each in value.properties if not isinstance(each, _Opaque)]
        for each in known_properties:
            name = each.name
            if name in seen:
                self._report(each.line, f"{name} is set twice")
            if name is not None:
                seen.add(name)
            known = expected.properties.get(name) if name is not None else None
            if known is not None and known.is_read_only:
                self._report(each.line, f"{expected.name} sets {name} itself")
            elif known is not None:
                self.check(each.value, known.shape)
            elif expected.rest is not None and not expected.properties:
                self.check(each.value, expected.rest)
            else:
                self._report(each.line, f"{expected.name} has no property {name}")
        if len(known_properties) < len(value.properties):
            return
        required = {name for name, known in expected.properties.items() if known.is_required}
        for name in sorted(required - seen):
            self._report(value.line, f"{expected.name} needs {name}")

    def _variant(self, value: Object, expected: ObjectType) -> ObjectType | None:
        wanted = value.find(expected.discriminator or "")
        literal = wanted.literal if isinstance(wanted, Text) else None
        if literal in expected.variants:
            return expected.variants[literal or ""]
        names = ", ".join(expected.variants)
        self._report(value.line, f"{expected.discriminator} of {expected.name} is {literal}, it must be one of {names}")
        return None

    def _check_text(self, line: int, text: str, shape: Shape) -> None:
        if isinstance(shape, Choices):
            if text not in shape.values:
                self._report(line, f"'{text}' is not {describe(shape)}")
        elif isinstance(shape, Basic) and shape.name == "string":
            limits = shape.limits
            if len(text) < (limits.min_length or 0) or len(text) > (limits.max_length or len(text)):
                self._report(line, f"'{text}' has {len(text)} characters: {limits.min_length} to {limits.max_length}")
            if limits.pattern and not re.search(limits.pattern, text):
                self._report(line, f"'{text}' does not match {limits.pattern}")
        else:
            self._report(line, f"'{text}' is a string, not {describe(shape)}")

    def _check_number(self, value: Number, shape: Shape) -> None:
        assert isinstance(shape, Basic)
        low, high = shape.limits.min_value, shape.limits.max_value
        if (low is not None and value.number < low) or (high is not None and value.number > high):
            self._report(value.line, f"{value.number} is not from {low} to {high}")

    def _check_shape(self, value: Value, shape: Shape) -> None:
        try:
            found = self.expressions.shape(value)
        except NoMember:
            return  # symbol_check reports it.
        if not is_compatible(found, shape):
            self._report(value.line, f"this is {describe(found)}, it must be {describe(shape)}")


def is_compatible(found: Shape, expected: Shape) -> bool:
    """Return whether a value of one shape may stand where the other is expected; unknown shapes may."""
    if Basic("any") in (found, expected) or found == Basic("object") == expected:
        return True
    match found, expected:
        case Basic(name="object"), (ObjectType() | ArrayOf()):
            return isinstance(expected, ObjectType)
        case ObjectType(), (ObjectType() | Basic(name="object")):
            return True
        case ArrayOf(), (ArrayOf() | Basic(name="array")):
            return True
        case Choices(), Choices():
            return set(found.values) <= set(expected.values)
        case ((Choices() | Basic(name="string")), (Choices() | Basic(name="string"))):
            return True
        case Basic(), Basic():
            return found.name == expected.name
    return False


@dataclass
class _Opaque(Property):
    """An argument of `union` whose properties are not known."""


def _merged(call: Call, document: Document) -> Object:
    """Return the properties of all arguments of `union`, as one object; a later one wins."""
    merged: dict[str | None, Property] = {}
    for each in call.arguments:
        for found in _properties(each, document):
            merged[found.name if not isinstance(found, _Opaque) else f"?{len(merged)}"] = found
    return Object(call.line, list(merged.values()))


def _properties(value: Value, document: Document) -> Iterator[Property]:
    match value:
        case Object():
            yield from value.properties
        case Choice():
            yield from _properties(value.yes, document)
            yield from _properties(value.no, document)
        case Name() if isinstance(found := document.find(value.name), Variable):
            yield from _properties(found.value, document)
        case _:
            yield _Opaque(value.line, Text(value.line, [value]), value)
