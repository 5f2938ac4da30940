"""Is every name declared, every module given what it needs, every output there that is asked for?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from tests.infra.bicep_values import (
    Call,
    Declaration,
    Document,
    Items,
    Lambda,
    Loop,
    Member,
    Module,
    Name,
    Object,
    Output,
    Parameter,
    Resource,
    Value,
    Variable,
    object_of,
    walk,
)
from tests.infra.expression_types import FUNCTIONS, Expressions, NoMember, describe, shape_of_parameter
from tests.infra.finding import Finding
from tests.infra.resource_check import is_compatible
from tests.infra.type_data import Basic, TypeData

TYPES_OF_PARAMETERS = ("string", "int", "bool", "object", "array")
DECORATORS = (
    "description",
    "allowed",
    "minValue",
    "maxValue",
    "minLength",
    "maxLength",
    "secure",
    "metadata",
    "batchSize",
)
MODULE_PROPERTIES = ("name", "scope", "params", "dependsOn")


def check_symbols(document: Document, documents: Mapping[str, Document], types: TypeData) -> list[Finding]:
    """Return what is wrong with the names of a document."""
    check = SymbolCheck(document, documents, Expressions(document, documents, types))
    check.check_declarations()
    for module in document.of_kind(Module):
        check.check_module(module)
    return sorted(set(check.findings))


@dataclass
class SymbolCheck:
    """The check of one document; collects findings."""

    document: Document
    documents: Mapping[str, Document]
    expressions: Expressions
    findings: list[Finding] = field(default_factory=list)

    def check_declarations(self) -> None:
        """Check what the document declares, and each name in it."""
        used: set[str] = set()
        graph: dict[str, set[str]] = {}
        for each in self.document.declarations:
            if self.document.find(each.name) not in (each, None) and not isinstance(each, Output):
                self._report(each.line, f"{each.name} is declared twice")
            names = set(self._check_expressions(each))
            used |= names
            if not isinstance(each, Output):
                graph[each.name] = names
            self._check_types(each)
        for each in [*self.document.of_kind(Parameter), *self.document.of_kind(Variable)]:
            if each.name not in used:
                self._report(each.line, f"{each.name} is not used")
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as problem:
            self._report(1, f"these need each other: {', '.join(problem.args[1])}")

    def _report(self, line: int, problem: str) -> None:
        self.findings.append(Finding(self.document.name, line, problem))

    def _check_expressions(self, declaration: Declaration) -> Iterator[str]:
        """Report unknown names, functions and members; yield the names that are used."""
        for name, value in _names(declaration, frozenset()):
            if self.document.find(name) is None:
                self._report(value.line, f"{name} is not declared")
            yield name
        for value in walk(declaration):
            if isinstance(value, Call) and value.function not in FUNCTIONS and value not in declaration.decorators:
                self._report(value.line, f"there is no function {value.function}")
            if isinstance(value, Member):
                try:
                    self.expressions.shape(value)
                except NoMember as problem:
                    self._report(value.line, str(problem))
        for each in declaration.decorators:
            if each.function not in DECORATORS:
                self._report(each.line, f"there is no decorator {each.function}")

    def _check_types(self, declaration: Declaration) -> None:
        if not isinstance(declaration, Parameter | Output):
            return
        if declaration.type not in TYPES_OF_PARAMETERS:
            self._report(declaration.line, f"there is no type {declaration.type}")
        given = declaration.default if isinstance(declaration, Parameter) else declaration.value
        shape = shape_of_parameter(declaration) if isinstance(declaration, Parameter) else Basic(declaration.type)
        if given is not None:
            self._compare(given, shape, declaration.name)
        allowed = declaration.decorator("allowed")
        for value in allowed.arguments[0].values if allowed and isinstance(allowed.arguments[0], Items) else ():
            self._compare(value, Basic(declaration.type), declaration.name)

    def _compare(self, value: Value, shape: object, name: str) -> None:
        try:
            found = self.expressions.shape(value)
        except NoMember:
            return
        if not is_compatible(found, shape):  # type: ignore[arg-type]
            self._report(value.line, f"{name} is {describe(found)}, it must be {describe(shape)}")  # type: ignore[arg-type]

    def check_module(self, module: Module) -> None:
        """Compare a module's parameters with the file that it names."""
        target, body = self.documents.get(module.path), object_of(module.body)
        if target is None:
            self._report(module.line, f"there is no file {module.path}")
            return
        for each in body.properties:
            if each.name not in MODULE_PROPERTIES:
                self._report(each.line, f"a module has no {each.name}")
        if target.scope != self.document.scope and body.find("scope") is None:
            self._report(module.line, f"{module.path} is for a {target.scope}: the module needs a scope")
        params = body.find("params")
        given = {each.name: each for each in params.properties} if isinstance(params, Object) else {}
        known = {each.name: each for each in target.of_kind(Parameter)}
        for name, each in given.items():
            if name not in known:
                self._report(each.line, f"{module.path} has no parameter {name}")
            else:
                self._compare(each.value, shape_of_parameter(known[name]), name or "")
        for name, parameter in known.items():
            if parameter.default is None and name not in given:
                self._report(module.line, f"{module.path} needs the parameter {name}")


def _names(value: Value | Declaration, local: frozenset[str]) -> Iterator[tuple[str, Value]]:
    """Yield the names that an expression uses, without those of its own loops and lambdas."""
    match value:
        case Name():
            if value.name not in local:
                yield value.name, value
            return
        case Loop():
            yield from _names(value.source, local)
            yield from _names(value.body, local | set(value.names))
            return
        case Lambda():
            yield from _names(value.body, local | set(value.names))
            return
        case Parameter():
            children: list[Value | None] = [value.default]
        case Variable() | Output():
            children = [value.value]
        case Resource() | Module():
            children = [value.body]
        case Value():
            children = list(_parts(value))
        case _:
            children = []
    for child in children:
        if child is not None:
            yield from _names(child, local)


def _parts(value: Value) -> Iterator[Value]:
    for part in vars(value).values():
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, Value):
                yield child
