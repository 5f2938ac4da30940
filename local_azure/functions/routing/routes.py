"""Find the function that answers a request, by the host's rules for names and routes and its order of precedence.

Functions are sorted by name, upper-cased; the first whose template and methods match is taken, even if a later one is
more specific (H-026). A function that breaks a rule of the host is left out with a message, the others are served.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from local_azure.functions.bindings.support import is_provided, refusal
from local_azure.functions.errors import FunctionRuleError
from local_azure.functions.routing.templates import Template, TemplateError, parse_template
from local_azure.functions.worker.loading import LoadedFunction

FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_\-]{0,127}", re.IGNORECASE | re.ASCII)
# Since host 4.1038; older ones refused every underscore.
BINDING_NAME = re.compile(r"(?!.*__)[a-zA-Z_][a-zA-Z0-9_]{0,127}|\$return")
RESERVED = ("admin", "runtime")
DURABLE_TRIGGERS = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})


@dataclass(frozen=True, slots=True)
class Route:
    """The route of one HTTP function; `methods` is None when it accepts all of them."""

    function: LoadedFunction
    template: Template
    methods: tuple[str, ...] | None

    @property
    def auth_level(self) -> str:
        """`ANONYMOUS`, `FUNCTION` or `ADMIN`."""
        return str(self.function.trigger.get("authLevel", "FUNCTION")).upper()

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the route parameters, or None when this function does not answer the request."""
        if self.methods is not None and method not in self.methods:
            return None
        return self.template.match(path)


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes in order of precedence, and the functions that the host refuses, with the reason."""

    routes: tuple[Route, ...]
    errors: Mapping[str, str]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the first matching route with its parameters, None when nothing matches (404)."""
        for route in self.routes:
            if (parameters := route.match(method, path)) is not None:
                return route, parameters
        return None


def build_routes(functions: Iterable[LoadedFunction], prefix: str) -> Routes:
    """Apply the host's rules to the functions, in the order of their registration, and sort the routes by name."""
    errors: dict[str, str] = {}
    accepted: list[LoadedFunction] = []
    routes: list[Route] = []
    for function in functions:
        try:
            _check_names(function, accepted)
            _check_bindings(function)
            if function.trigger_type == "httpTrigger":
                routes.append(_route(function, prefix, routes))
        except (FunctionRuleError, TemplateError) as error:
            errors[function.name] = str(error)
        else:
            accepted.append(function)
    return Routes(tuple(sorted(routes, key=lambda route: route.function.name.upper())), errors)


def read_methods(function: LoadedFunction) -> tuple[str, ...] | None:
    """Return the methods that the function accepts, upper-case, in the order of its decorator; None for all."""
    methods = function.trigger.get("methods")
    return tuple(str(method).upper() for method in cast(list[object], methods)) if methods else None


def _check_names(function: LoadedFunction, accepted: Iterable[LoadedFunction]) -> None:
    if not FUNCTION_NAME.fullmatch(function.name) or function.name.lower() == "host":
        raise FunctionRuleError(f"'{function.name}' is not a valid function name.")
    if any(other.name.lower() == function.name.lower() for other in accepted):
        raise FunctionRuleError(f"The function name '{function.name}' must be unique, whatever its case.")
    seen: set[str] = set()
    for binding in function.bindings:
        name = str(binding["name"])
        if not BINDING_NAME.fullmatch(name):
            raise FunctionRuleError(
                f"The binding name {name} is invalid: it must be at most 128 letters, digits and single underscores, "
                "and begin with no digit."
            )
        if name.lower() in seen:
            raise FunctionRuleError(f"Multiple bindings with name '{name}' discovered.")
        seen.add(name.lower())


def _check_bindings(function: LoadedFunction) -> None:
    for binding in function.bindings:
        if binding["name"] != function.trigger["name"] and not is_provided(binding):
            raise FunctionRuleError(refusal(binding))


def _route(function: LoadedFunction, prefix: str, others: Iterable[Route]) -> Route:
    text = str(function.trigger.get("route") or function.name)
    if text.strip("/").lower().startswith(RESERVED):
        raise FunctionRuleError("The specified route conflicts with one or more built in routes.")
    if not prefix:
        text = text.removeprefix("/")
    template = parse_template(f"{prefix}/{text}" if prefix else text)
    methods = read_methods(function)
    for other in others:
        shared = methods is None or other.methods is None or set(methods) & set(other.methods)
        if shared and other.template.text.lower() == template.text.lower():
            raise FunctionRuleError(
                f"The route specified conflicts with the route defined by function '{other.function.name}'."
            )
    return Route(function, template, methods)
