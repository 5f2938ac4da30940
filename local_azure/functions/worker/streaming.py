"""The web extension of an app: `azurefunctions-extensions-http-fastapi`, with which functions stream their bodies.

An app that imports the extension has it for all its HTTP functions: they get the extension's `Request`, and what they
return becomes a response by the extension's rules. Nothing here imports it: an app without it pays nothing.
"""

import importlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

# The extensions keep what an app has imported in module variables, so each app gets modules of its own.
EXTENSIONS_PACKAGE = "azurefunctions"
_BASE = "azurefunctions.extensions.base"

# An ASGI application: scope, receive, send.
AsgiApp = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
Call = Callable[[Any], Coroutine[Any, Any, object]]
"""Calls the function of a request with the extension's request object, and returns what it returned."""

CALL = "local_azure.call"
ROUTE_PARAMETERS = "local_azure.route_parameters"


def is_streaming() -> bool:
    """Return whether the app that was just imported uses a web extension."""
    base = sys.modules.get(_BASE)
    return base is not None and bool(base.HttpV2FeatureChecker.http_v2_enabled())


def accepts_request(python_type: Any) -> bool:
    """Return whether a request may have this annotation in a streaming app."""
    return bool(sys.modules[_BASE].RequestTrackerMeta.check_type(python_type))


def accepts_response(python_type: Any) -> bool:
    """Return whether a result may have this annotation in a streaming app."""
    return bool(sys.modules[_BASE].ResponseTrackerMeta.check_type(python_type))


def build_asgi_app() -> AsgiApp:
    """Return the extension's own ASGI application; a request's `scope` names the `CALL` and the route parameters."""
    base = sys.modules[_BASE]
    extension: Any = importlib.import_module(base.ModuleTrackerMeta.get_module())
    web_app = extension.WebApp()
    synchronizer = base.RequestTrackerMeta.get_synchronizer()

    async def answer(request: Any) -> object:
        parameters: Mapping[str, str] = request.scope[ROUTE_PARAMETERS]
        synchronizer.sync_route_params(request, parameters)
        call: Call = request.scope[CALL]
        result = await call(request)
        if result is None:
            raise TypeError("a function of a streaming app must return a response or a value, not None")
        return result

    answer.__annotations__ = {"request": base.RequestTrackerMeta.get_request_type()}
    web_app.route(answer)
    app: AsgiApp = web_app.get_app()
    return app
