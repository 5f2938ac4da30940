"""ASP.NET Core's route templates: `items/{id:int}`, `{*path}`, `{year=2026}`, `file.{ext?}`.

A template is parsed once and matched against decoded paths. Literals ignore case, a trailing slash is ignored, and
values are always strings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from local_azure.functions.routing.constraints import Constraint, parse_constraint

# A constraint's arguments end at a parenthesis that another constraint, a default or the end follows.
_PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[^:=?*/]+)(?P<constraints>(?::\w+(?:\(.*?\)(?=[:=]|$))?)*)(?:=(?P<default>.*))?$", re.S
)
_CONSTRAINT = re.compile(r":(\w+)(?:\((.*?)\)(?=:|$))?", re.S)


class TemplateError(ValueError):
    """The route's template is not valid; the message says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `{…}` of a template."""

    name: str
    is_catch_all: bool = False
    is_optional: bool = False
    default: str | None = None
    constraints: tuple[Constraint, ...] = ()

    @property
    def may_be_absent(self) -> bool:
        """Whether a path may end before this parameter."""
        return self.is_catch_all or self.is_optional or self.default is not None


Part = str | Parameter


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; `text` is what it was parsed from."""

    text: str
    segments: tuple[tuple[Part, ...], ...]
    _matchers: tuple[Callable[[str], dict[str, str] | None] | None, ...] = field(repr=False)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters' values, or None when the decoded path does not match.

        A parameter that is optional and absent, or a catch-all that matched nothing, has no key.
        """
        values = self._values(path)
        if values is None:
            return None
        parameters = [part for segment in self.segments for part in segment if isinstance(part, Parameter)]
        return values if all(_satisfies_constraints(parameter, values) for parameter in parameters) else None

    def _values(self, path: str) -> dict[str, str] | None:
        requested = path.removeprefix("/").split("/")
        if requested[-1] == "":
            requested.pop()
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            first = segment[0]
            if isinstance(first, Parameter) and first.is_catch_all:
                rest = "/".join(path.removeprefix("/").split("/")[index:])
                return _add_value(values, first, rest)
            found = self._match_segment(index, requested[index] if index < len(requested) else "")
            if found is None:
                return None
            values |= found
        # Further slashes at the end are ignored like the first one.
        return None if any(requested[len(self.segments) :]) else values

    def _match_segment(self, index: int, requested: str) -> dict[str, str] | None:
        segment = self.segments[index]
        matcher = self._matchers[index]
        if matcher is not None:
            return matcher(requested)
        part = segment[0]
        if isinstance(part, str):
            return {} if part.lower() == requested.lower() else None
        if not requested and not part.may_be_absent:
            return None
        return _add_value({}, part, requested)


def parse_template(text: str) -> Template:
    """Return the template.

    Raises TemplateError when braces do not balance, a parameter is malformed, repeated, or a catch-all is not last.
    """
    segments = _segments(text)
    names: set[str] = set()
    for position, segment in enumerate(segments):
        if not segment:
            raise TemplateError(f"the route template {text!r} has an empty segment")
        for part in segment:
            if isinstance(part, Parameter):
                _check_parameter(part, text, names, is_last=position == len(segments) - 1, is_alone=len(segment) == 1)
        if any(isinstance(a, Parameter) and isinstance(b, Parameter) for a, b in pairwise(segment)):
            raise TemplateError(f"the route template {text!r} has two parameters with nothing between them")
    return Template(text, tuple(segments), tuple(_matcher(segment) for segment in segments))


def _check_parameter(parameter: Parameter, text: str, names: set[str], *, is_last: bool, is_alone: bool) -> None:
    if parameter.name.lower() in names:
        raise TemplateError(f"the route template {text!r} has the parameter {parameter.name!r} twice")
    names.add(parameter.name.lower())
    if parameter.is_catch_all and not (is_last and is_alone):
        raise TemplateError(f"the route template {text!r} has a catch-all that is not its last segment")


def _satisfies_constraints(parameter: Parameter, values: Mapping[str, str]) -> bool:
    value = values.get(parameter.name)
    return value is None or all(constraint(value) for constraint in parameter.constraints)


def _add_value(values: Mapping[str, str], parameter: Parameter, value: str) -> dict[str, str]:
    if value:
        return {**values, parameter.name: value}
    return {**values, parameter.name: parameter.default} if parameter.default is not None else dict(values)


def _segments(text: str) -> list[tuple[Part, ...]]:
    """Split at slashes outside of braces, and each segment into literals and parameters."""
    if not text:
        return []
    segments: list[list[Part]] = [[]]
    position = 0
    while position < len(text):
        character = text[position]
        if character == "/":
            segments.append([])
            position += 1
        elif character == "{" and text[position + 1 : position + 2] != "{":
            end = _closing_brace(text, position + 1)
            segments[-1].append(_parameter(text[position + 1 : end], text))
            position = end + 1
        else:
            literal, position = _literal(text, position)
            segments[-1].append(literal)
    return [tuple(segment) for segment in segments]


def _literal(text: str, position: int) -> tuple[str, int]:
    literal = ""
    while position < len(text) and text[position] != "/":
        character = text[position]
        if character in "{}":
            if text[position + 1 : position + 2] != character:
                if character == "{":
                    break
                raise TemplateError(f"the route template {text!r} has a brace that is not closed or not opened")
            position += 1
        if character == "?":
            raise TemplateError(f"the route template {text!r} has a '?' outside of a parameter")
        literal += character
        position += 1
    return literal, position


def _closing_brace(text: str, position: int) -> int:
    while position < len(text):
        if text[position] == "}":
            if text[position + 1 : position + 2] != "}":
                return position
            position += 1
        position += 1
    raise TemplateError(f"the route template {text!r} has a brace that is not closed or not opened")


def _parameter(content: str, text: str) -> Parameter:
    is_optional = content.endswith("?")
    match = _PARAMETER.match(content.removesuffix("?"))
    if not match:
        raise TemplateError(f"the route template {text!r} has a malformed parameter {{{content}}}")
    constraints = []
    for name, arguments in _CONSTRAINT.findall(match["constraints"]):
        try:
            constraints.append(parse_constraint(name, _replace_doubled_braces(arguments)))
        except ValueError as error:
            raise TemplateError(f"the route template {text!r}: {error}") from error
    return Parameter(
        name=match["name"],
        is_catch_all=bool(match["stars"]),
        is_optional=is_optional,
        default=match["default"],
        constraints=tuple(constraints),
    )


def _replace_doubled_braces(text: str) -> str:
    # Braces and brackets are part of the template syntax, so a regex has to double them.
    return re.sub(r"\{\{|\}\}|\[\[|\]\]", lambda match: match[0][0], text)


def _matcher(segment: tuple[Part, ...]) -> Callable[[str], dict[str, str] | None] | None:
    """Return a matcher for a segment that mixes literals and parameters, None for a simple one."""
    if len(segment) == 1:
        return None
    patterns = [_pattern(segment)]
    last = segment[-1]
    if isinstance(last, Parameter) and last.is_optional:
        # `name.{ext?}` also matches without the dot.
        patterns.append(_pattern(segment[:-2]))
    parameters = {f"p{index}": part.name for index, part in enumerate(segment) if isinstance(part, Parameter)}

    def match(requested: str) -> dict[str, str] | None:
        for pattern in patterns:
            if found := pattern.fullmatch(requested):
                return {parameters[group]: value for group, value in found.groupdict().items()}
        return None

    return match


def _pattern(segment: tuple[Part, ...]) -> re.Pattern[str]:
    # Greedy, because the host searches each literal from the right.
    return re.compile(
        "".join(re.escape(part) if isinstance(part, str) else f"(?P<p{i}>.+)" for i, part in enumerate(segment)),
        re.IGNORECASE | re.DOTALL,
    )
