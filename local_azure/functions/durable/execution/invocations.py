"""Call orchestrators, entities and activities as the worker does: convert the argument, run, convert the result."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from azure.functions import get_binding_registry, meta

from local_azure.functions.durable.protocol.episode import Answer, parse_answer, parse_failure
from local_azure.functions.durable.protocol.replay import ReplayError
from local_azure.functions.worker.loading import Invoker, LoadedFunction
from local_azure.functions.worker.signatures import read_signature

SESSION_CLOSER_NAME = "durable_client_session"
SESSION_CLOSING_SECONDS = 1.0

log = logging.getLogger(__name__)


class FunctionAborted(Exception):
    """A function was cancelled or tried to end the process, so it has no answer."""


class Invocations:
    """Runs durable functions through the host's invoker; JSON text in, JSON text out."""

    def __init__(self, call: Invoker) -> None:
        self._call = call

    async def call_orchestrator(self, function: LoadedFunction, text: str) -> Answer:
        """Return the orchestrator's state, also when it arrives inside an exception. Raises ReplayError."""
        try:
            answer = await self._run(function, text, "json")
        except Exception as error:
            return parse_failure(str(error) or repr(error))
        if not isinstance(answer, str):
            raise ReplayError(f"the orchestrator returned {type(answer).__name__}, not its state as JSON text")
        return parse_answer(answer)

    async def call_entity(self, function: LoadedFunction, text: str) -> str:
        """Return the entity's answer. Raises what the function raises."""
        answer = await self._run(function, text, "json")
        if not isinstance(answer, str):
            raise TypeError(f"the entity returned {type(answer).__name__}, not its state as JSON text")
        return answer

    async def call_activity(self, function: LoadedFunction, text: str) -> str:
        """Return the activity's result as JSON text. Raises what the function raises, ValueError if it is not JSON."""
        result = await self._run(function, text, "string")
        encoded = _converter(function).encode(result, expected_type=None)
        return str(encoded.value)

    async def close_client_session(self) -> None:
        """Close the HTTP session that the app's durable clients share, on its own event loop.

        The SDK keeps one for the process and has no public way to close it. The next app in this process has another
        loop, on which every call with the old session would fail.
        """
        http = sys.modules.get("azure.durable_functions.models.utils.http_utils")
        if http is None or http._client_session is None:
            return
        signature = read_signature(SESSION_CLOSER_NAME, http._close_session, [])
        closer = LoadedFunction(SESSION_CLOSER_NAME, (), {}, http._close_session, signature, "")
        try:
            async with asyncio.timeout(SESSION_CLOSING_SECONDS):
                await self._call(closer, {})
        except Exception:
            log.warning("the durable client's session could not be closed", exc_info=True)

    async def _run(self, function: LoadedFunction, text: str, kind: str) -> object:
        argument = _converter(function).decode(meta.Datum(text, kind), trigger_metadata={})
        try:
            return await self._call(function, {str(function.trigger["name"]): argument})
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise FunctionAborted(f"the function '{function.name}' was cancelled") from None
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            # These exceptions would end the process; here they end only this call.
            raise FunctionAborted(f"the function '{function.name}' ended with {error!r}") from error


def _converter(function: LoadedFunction) -> Any:
    # azure.functions registers one converter class for each binding type; they share no typed base class.
    return get_binding_registry().get(str(function.trigger["type"]))
