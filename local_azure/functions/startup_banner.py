"""The list of functions that is printed at the start, in the format of `func start`."""

from collections.abc import Iterable, Mapping, Sequence

from local_azure.functions.routing.routes import DURABLE_TRIGGERS, Route
from local_azure.functions.worker.loading import TIMER_TRIGGER, LoadedFunction


def format_startup_banner(
    routes: Sequence[Route],
    functions: Iterable[LoadedFunction],
    errors: Mapping[str, str],
    disabled: Iterable[str],
    port: int,
) -> str:
    """Return the list: HTTP functions with their URLs, then other triggers, each sorted by name, then what is wrong."""
    others = sorted(
        (f for f in functions if f.trigger_type != "httpTrigger" and f.name not in errors), key=lambda f: f.name.upper()
    )
    lines = ["", "Functions:", ""]
    for route in routes:
        lines += [f"\t{route.function.name}: {_methods(route)} http://localhost:{port}/{route.template.text}", ""]
    for function in others:
        lines += [f"\t{function.name}: {function.trigger_type}", ""]
    if not routes and not others:
        lines += ["\t0 functions found", ""]
    lines += [f"Function {name} is disabled." for name in sorted(disabled, key=str.upper)]
    lines += [f"The '{name}' function is in error: {message}" for name, message in errors.items()]
    lines += [line for function in functions for line in unsupported_features(function)]
    return "\n".join(lines)


def unsupported_features(function: LoadedFunction) -> list[str]:
    """Return a line for the function's trigger if this host does not support it."""
    lines = []
    if function.trigger_type not in DURABLE_TRIGGERS | {"httpTrigger", TIMER_TRIGGER}:
        lines.append(
            f"'{function.name}' will not run: this host has no {function.trigger_type}, "
            f"only HTTP and timer triggers and Durable Functions."
        )
    return lines


def _methods(route: Route) -> str:
    return f"[{','.join(route.methods)}]" if route.methods else ""
