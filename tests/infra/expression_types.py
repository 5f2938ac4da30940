"""What an expression is: its shape, as far as it can be known without evaluating it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.infra.bicep_values import (
    Call,
    Choice,
    Condition,
    Document,
    Flag,
    Index,
    Items,
    Loop,
    Member,
    Module,
    Name,
    Number,
    Object,
    Operation,
    Output,
    Parameter,
    Resource,
    Text,
    Value,
    Variable,
    object_of,
)
from tests.infra.type_data import ArrayOf, Basic, Choices, ObjectType, PropertyType, Shape, TypeData

ANY = Basic("any")
STRING, INT, BOOL, OBJECT = Basic("string"), Basic("int"), Basic("bool"), Basic("object")
# Bicep's functions and what they return. learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
FUNCTIONS: Mapping[str, Shape] = {
    **dict.fromkeys(("concat", "union", "filter", "map", "items", "range", "first", "last", "take", "skip"), ANY),
    **dict.fromkeys(("json", "loadJsonContent", "reduce", "toObject", "any", "max", "min", "intersection"), ANY),
    **dict.fromkeys(("guid", "uniqueString", "toLower", "toUpper", "string", "format", "replace", "join"), STRING),
    **dict.fromkeys(("resourceId", "subscriptionResourceId", "trim", "substring", "loadTextContent", "uri"), STRING),
    **dict.fromkeys(("empty", "contains", "startsWith", "endsWith", "bool"), BOOL),
    **dict.fromkeys(("length", "int", "indexOf"), INT),
    **dict.fromkeys(("resourceGroup", "subscription", "tenant", "deployment", "environment", "deployer"), OBJECT),
    "split": ArrayOf(STRING),
}
# Members of what these functions return, as far as we use them. The same page.
FUNCTION_MEMBERS: Mapping[str, Mapping[str, Shape]] = {
    "resourceGroup": dict.fromkeys(("id", "name", "location"), STRING),
    "subscription": dict.fromkeys(("id", "subscriptionId", "tenantId", "displayName"), STRING),
    "tenant": dict.fromkeys(("tenantId", "displayName", "countryCode"), STRING),
    "deployment": {"name": STRING},
    "environment": {
        "name": STRING,
        "resourceManager": STRING,
        "authentication": ObjectType("authentication", {"loginEndpoint": PropertyType(STRING)}),
        "suffixes": ObjectType("suffixes", dict.fromkeys(("storage", "sqlServerHostname"), PropertyType(STRING))),
    },
}
_COMPARISONS = ("==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||")


class NoMember(Exception):
    """An expression asks for a member that is not there."""


@dataclass(frozen=True)
class Expressions:
    """The expressions of one document among the documents that it uses."""

    document: Document
    documents: Mapping[str, Document]
    types: TypeData

    def shape(self, value: Value) -> Shape:
        """Return the shape of an expression, `any` where it is not known; raises NoMember."""
        match value:
            case Text():
                return STRING if value.literal is None else Choices((value.literal,))
            case Number():
                return INT
            case Flag():
                return BOOL
            case Items():
                return ArrayOf(self.shape(value.values[0]) if value.values else ANY)
            case Loop():
                return ArrayOf(ANY)
            case Object():
                return OBJECT
            case Name():
                return self._shape_of_name(value.name)
            case Member():
                return self._member(value)
            case Index():
                self.shape(value.of)
                return ANY
            case Call():
                return FUNCTIONS.get(value.function, ANY)
            case Choice():
                yes, no = self.shape(value.yes), self.shape(value.no)
                return yes if yes == no else _common(yes, no)
            case Condition():
                return self.shape(value.body)
            case Operation():
                return BOOL if value.operator in _COMPARISONS or value.operator == "!" else ANY
        return ANY

    def _shape_of_name(self, name: str) -> Shape:
        match self.document.find(name):
            case Parameter() as parameter:
                return shape_of_parameter(parameter)
            case Variable() as variable:
                return self.shape(variable.value)
            case Resource() as resource:
                return self._resource_type(resource)
            case Module() as module:
                return ObjectType(
                    f"module {name}",
                    {
                        "name": PropertyType(STRING),
                        "outputs": PropertyType(self._outputs(module)),
                    },
                )
        return ANY

    def _resource_type(self, resource: Resource) -> Shape:
        found = self.types.resources.get(resource.type)
        if found is None:
            return ANY
        if found.discriminator:
            wanted = object_of(resource.body).find(found.discriminator)
            literal = wanted.literal if isinstance(wanted, Text) else None
            return found.variants.get(literal or "", ANY)
        return found

    def _outputs(self, module: Module) -> Shape:
        target = self.documents.get(module.path)
        if target is None:
            return ANY
        outputs = {output.name: PropertyType(Basic(output.type)) for output in target.of_kind(Output)}
        return ObjectType(f"outputs of {module.path}", outputs)

    def _member(self, value: Member) -> Shape:
        if isinstance(value.of, Call) and value.of.function in FUNCTION_MEMBERS:
            members = FUNCTION_MEMBERS[value.of.function]
            if value.name not in members:
                raise NoMember(f"{value.of.function}() has no member {value.name}")
            return members[value.name]
        return self._member_of(self.types.resolve(self.shape(value.of)), value.name)

    def _member_of(self, shape: Shape, name: str) -> Shape:
        match shape:
            case ObjectType():
                if name in shape.properties:
                    return self.types.resolve(shape.properties[name].shape)
                if shape.rest is not None:
                    return shape.rest
                if shape.variants:
                    return ANY
                raise NoMember(f"{shape.name} has no member {name}")
            case Basic(name="any" | "object"):
                return ANY
        raise NoMember(f"{describe(shape)} has no member {name}")


def shape_of_parameter(parameter: Parameter) -> Shape:
    """Return a parameter's shape: its type, and its allowed values where they are strings."""
    allowed = parameter.decorator("allowed")
    if parameter.type == "string" and allowed and isinstance(allowed.arguments[0], Items):
        texts = [each.literal for each in allowed.arguments[0].values if isinstance(each, Text)]
        return Choices(tuple(text for text in texts if text is not None))
    return ArrayOf(ANY) if parameter.type == "array" else Basic(parameter.type)


def _common(yes: Shape, no: Shape) -> Shape:
    """Return what two arms have in common."""
    if isinstance(yes, Choices) and isinstance(no, Choices):
        return Choices(yes.values + no.values)
    if all(isinstance(each, Choices) or each == STRING for each in (yes, no)):
        return STRING
    return ANY


def describe(shape: Shape) -> str:
    """Return a shape in words."""
    match shape:
        case Choices():
            return "one of " + ", ".join(shape.values)
        case ArrayOf():
            return f"an array of {describe(shape.item)}"
        case _:
            return shape.name
