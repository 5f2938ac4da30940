"""Is what must be known before a deployment begins known then?

Names, conditions and loops may use parameters, variables and what a resource is called. They may not use what Azure
answers (an address, an identity's id) or a module's outputs: a Bicep compiler refuses that.
"""

from collections.abc import Iterator

from tests.infra.bicep_values import (
    Condition,
    Document,
    Items,
    Loop,
    Member,
    Module,
    Name,
    Resource,
    Value,
    Variable,
    object_of,
    walk,
)
from tests.infra.resource_check import Finding

# What a resource is called is known from its declaration; `uniqueName` is that of an Entra application.
KNOWN_AT_START = ("id", "name", "type", "apiVersion", "uniqueName")


def check_start(document: Document) -> list[Finding]:
    """Return what is used too early, and what is neither resource nor module where one must stand."""
    found = []
    declarations: list[Resource | Module] = [*document.of_kind(Resource), *document.of_kind(Module)]
    for declaration in declarations:
        for value in _needed_at_start(declaration):
            if late := next(late_members(value, document), None):
                found.append(Finding(document.name, value.line, f"{late} is not known when a deployment begins"))
        for value in _references(declaration):
            if not isinstance(value, Name) or not isinstance(document.find(value.name), Resource | Module):
                found.append(Finding(document.name, value.line, "this must be the name of a resource or module"))
    return found


def _needed_at_start(declaration: Resource | Module) -> Iterator[Value]:
    body: Value = declaration.body
    while isinstance(body, Loop | Condition):
        yield body.source if isinstance(body, Loop) else body.test
        body = body.body
    if name := object_of(body).find("name"):
        yield name


def _references(declaration: Resource | Module) -> Iterator[Value]:
    body = object_of(declaration.body)
    dependencies = body.find("dependsOn")
    yield from dependencies.values if isinstance(dependencies, Items) else ()
    yield from (value for key in ("parent", "scope") if (value := body.find(key)))


def late_members(value: Value, document: Document) -> Iterator[str]:
    """Yield what an expression uses that only a deployment can tell, also by the variables in it."""
    for each in walk(value):
        if isinstance(each, Member) and isinstance(each.of, Name):
            declared = document.find(each.of.name)
            is_late = isinstance(declared, Resource) and each.name not in KNOWN_AT_START
            if is_late or (isinstance(declared, Module) and each.name != "name"):
                yield f"{each.of.name}.{each.name}"
        if isinstance(each, Name) and isinstance(variable := document.find(each.name), Variable):
            yield from late_members(variable.value, document)
