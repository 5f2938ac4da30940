"""Read Bicep files with tree-sitter.

Two things that tree-sitter does not know are done here: lines with `extension` are taken out before, and an expression
that it groups in another way than Bicep is refused (`a ? b : c.d`: give `c.d` a name).
"""

import re
from functools import cache
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.infra.bicep_values import (
    Call,
    Choice,
    Condition,
    Declaration,
    Document,
    Flag,
    Index,
    Items,
    Lambda,
    Loop,
    Member,
    Module,
    Name,
    Null,
    Number,
    Object,
    Operation,
    Output,
    Parameter,
    Property,
    Resource,
    Text,
    Value,
    Variable,
)

INFRA = Path(__file__).resolve().parents[2] / "infra"
_PARSER = Parser(Language(tree_sitter_bicep.language()))
_EXTENSION = re.compile(r"^extension +(\w+).*$", re.MULTILINE)
_ESCAPES = {"\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\$": "$"}
_COMMENTS = ("comment", "diagnostic_comment")


class SyntaxProblem(Exception):
    """A file that cannot be read; the text names the file and the line."""


@cache
def read_infra() -> dict[str, Document]:
    """Return every Bicep file of `infra/` by its name. Shared: who changes a value in it must change it back."""
    return {file.name: read_document(file.name, file.read_text()) for file in sorted(INFRA.glob("*.bicep"))}


def read_document(name: str, text: str) -> Document:
    """Return what a file declares; raises SyntaxProblem."""
    document = Document(name, scope="resourceGroup", extensions=_EXTENSION.findall(text))
    root = _PARSER.parse(_EXTENSION.sub("", text).encode()).root_node
    if problem := _first_error(root):
        raise SyntaxProblem(f"{name}:{_line(problem)}: not Bicep as tree-sitter knows it")
    decorators: list[Call] = []
    try:
        for node in _children(root):
            if node.type == "target_scope_assignment":
                document.scope = _text(_children(node)[0]).literal or ""
            elif node.type == "decorators":
                decorators = [_decorator(each) for each in _children(node)]
            else:
                document.declarations.append(_declaration(node, decorators))
                decorators = []
    except NotImplementedError as problem:
        raise SyntaxProblem(f"{name}:{problem}") from problem
    return document


def _first_error(node: Node) -> Node | None:
    if not node.has_error:
        return None
    if node.is_error or node.is_missing:
        return node
    return next((found for child in node.children if (found := _first_error(child))), node)


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _source(node: Node) -> str:
    return (node.text or b"").decode()


def _children(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in _COMMENTS]


def _decorator(node: Node) -> Call:
    value = _value(_children(node)[0])
    assert isinstance(value, Call)
    return value


def _declaration(node: Node, decorators: list[Call]) -> Declaration:
    parts = _children(node)
    name, line = _source(parts[0]), _line(node)
    match node.type:
        case "parameter_declaration":
            default = _value(parts[2]) if len(parts) > 2 else None
            return Parameter(name, line, decorators, _source(parts[1]), default)
        case "variable_declaration":
            return Variable(name, line, decorators, _value(parts[1]))
        case "output_declaration":
            return Output(name, line, decorators, _source(parts[1]), _value(parts[2]))
        case "module_declaration":
            return Module(name, line, decorators, _text(parts[1]).literal or "", _value(parts[2]))
        case "resource_declaration":
            is_existing = any(child.type == "existing" for child in node.children)
            return Resource(name, line, decorators, _text(parts[1]).literal or "", is_existing, _value(parts[-1]))
    raise NotImplementedError(f"{line}: a {node.type} is not read by this check")


def _text(node: Node) -> Text:
    parts: list[str | Value] = []
    for child in node.named_children:
        if child.type == "interpolation":
            parts.append(_value(_children(child)[0]))
        else:
            found = _source(child)
            parts.append(_ESCAPES.get(found, found) if child.type == "escape_sequence" else found)
    return Text(_line(node), parts)


def _property(node: Node) -> Property:
    parts = _children(node)
    if len(parts) != 2:
        raise NotImplementedError(f"{_line(node)}: a nested resource is not read by this check; give it a `parent`")
    key = _text(parts[0]) if parts[0].type == "string" else Text(_line(node), [_source(parts[0])])
    return Property(_line(node), key, _value(parts[1]))


def _value(node: Node) -> Value:
    line, parts = _line(node), _children(node)
    match node.type:
        case "string":
            return _text(node)
        case "number":
            return Number(line, int(_source(node)))
        case "boolean":
            return Flag(line, _source(node) == "true")
        case "null":
            return Null(line)
        case "array":
            return Items(line, [_value(each) for each in parts])
        case "object":
            return Object(line, [_property(each) for each in parts])
        case "identifier":
            return Name(line, _source(node))
        case "parenthesized_expression":
            return _value(parts[0])
        case "member_expression":
            if parts[0].type in ("ternary_expression", "binary_expression"):
                raise NotImplementedError(
                    f"{line}: tree-sitter groups this in another way than Bicep; give the last part a name"
                )
            return Member(line, _value(parts[0]), _source(parts[1]))
        case "subscript_expression":
            return Index(line, _value(parts[0]), _value(parts[1]))
        case "call_expression":
            return Call(line, _source(parts[0]), [_value(each) for each in _children(parts[1])])
        case "ternary_expression":
            return Choice(line, *map(_value, parts))
        case "unary_expression":
            return Operation(line, node.children[0].type, [_value(parts[0])])
        case "binary_expression":
            return Operation(line, node.children[1].type, [_value(each) for each in parts])
        case "for_statement":
            names = [_source(each) for each in (_children(parts[0]) if len(_children(parts[0])) > 1 else [parts[0]])]
            return Loop(line, names, _value(parts[1]), _value(parts[2]))
        case "if_statement":
            return Condition(line, _value(parts[0]), _value(parts[1]))
        case "lambda_expression":
            return Lambda(line, [_source(each) for each in parts[:-1]], _value(parts[-1]))
    raise NotImplementedError(f"{line}: a {node.type} is not read by this check")
