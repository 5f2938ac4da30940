"""Is every name declared, every module given what it needs, every output there that is asked for?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from tests.infra.bicep_reader import INFRA
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
    Operation,
    Output,
    Parameter,
    Text,
    Value,
    Variable,
    object_of,
    parts,
    walk,
)
from tests.infra.expression_types import FUNCTIONS, INT, Expressions, NoMember, describe, shape_of_parameter
from tests.infra.resource_check import Finding, is_compatible
from tests.infra.type_data import Basic, Shape, TypeData

TYPES_OF_PARAMETERS = ("string", "int", "bool", "object", "array")
DECORATORS_WITH_NUMBERS = ("minValue", "maxValue", "minLength", "maxLength", "batchSize")
DECORATORS = ("description", "allowed", "secure", "metadata", *DECORATORS_WITH_NUMBERS)
EQUALITY, ORDER = ("==", "!="), ("<", "<=", ">", ">=")
MODULE_PROPERTIES = ("name", "scope", "params", "dependsOn")


def check_symbols(document: Document, documents: Mapping[str, Document], types: TypeData) -> list[Finding]:
    """Return what is wrong with the names of a document."""
    check = SymbolCheck(document, documents, Expressions(document, documents, types))
    check.check_declarations()
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
            if not isinstance(each, Output) and self.document.find(each.name) is not each:
                self._report(each.line, f"{each.name} is declared twice")
            names = self.check_declaration(each)
            used |= names
            if not isinstance(each, Output):
                graph[each.name] = names
        for each in [*self.document.of_kind(Parameter), *self.document.of_kind(Variable)]:
            if each.name not in used:
                self._report(each.line, f"{each.name} is not used")
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as problem:
            self._report(1, f"these need each other: {', '.join(problem.args[1])}")

    def check_declaration(self, declaration: Declaration) -> set[str]:
        """Check the expressions and types of one declaration; return the names that it uses."""
        names = set(self._check_expressions(declaration))
        self._check_types(declaration)
        if isinstance(declaration, Module):
            self.check_module(declaration)
        return names

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
            if isinstance(value, Call) and value.function.startswith("load") and isinstance(value.arguments[0], Text):
                self._check_file(value.arguments[0])
            if isinstance(value, Member):
                try:
                    self.expressions.shape(value)
                except NoMember as problem:
                    self._report(value.line, str(problem))
            if isinstance(value, Operation) and value.operator in (*EQUALITY, *ORDER):
                self._check_comparison(value)
        for each in declaration.decorators:
            if each.function not in DECORATORS:
                self._report(each.line, f"there is no decorator {each.function}")
            for argument in each.arguments if each.function in DECORATORS_WITH_NUMBERS else ():
                self._compare(argument, INT, each.function)

    def _check_file(self, path: Text) -> None:
        if path.literal is None or not (INFRA / path.literal).is_file():
            self._report(path.line, f"there is no file {path.literal}")

    def _check_comparison(self, value: Operation) -> None:
        """Report an order of what is no number, and a comparison with a text that the other side never is."""
        for one, other in (value.operands, reversed(value.operands)):
            if value.operator in ORDER:
                self._compare(one, INT, f"what {value.operator} compares")
            elif isinstance(other, Name) and isinstance(one, Text):
                self._compare(one, self.expressions.shape(other), f"what {value.operator} compares")

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

    def _compare(self, value: Value, shape: Shape, name: str) -> None:
        try:
            found = self.expressions.shape(value)
        except NoMember:
            return
        if not is_compatible(found, shape):
            self._report(value.line, f"{name} is {describe(found)}, it must be {describe(shape)}")

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
        case Loop():
            yield from _names(value.source, local)
            yield from _names(value.body, local | set(value.names))
        case Lambda():
            yield from _names(value.body, local | set(value.names))
        case _:
            for part in parts(value):
                yield from _names(part, local)
