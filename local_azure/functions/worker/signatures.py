"""Check that a function's parameters and annotations match its bindings.

The rules are the Python worker's: it checks them while indexing, and one function that breaks them fails the whole app
(in Azure: "0 functions found"). Converters come from the `azure.functions` that the app itself uses.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.functions import get_binding_registry
from azure.functions.decorators.core import Binding, BindingDirection

from local_azure.functions.errors import FunctionLoadError
from local_azure.functions.worker.streaming import accepts_request, accepts_response, is_streaming

RETURN_BINDING = "$return"


@dataclass(frozen=True, slots=True)
class Signature:
    """How to call one function: the binding types of its parameters and of its return value.

    `inputs` and `outputs` map parameter names to binding types ("generic" where the worker would convert it as plain
    text or bytes). `returns` is the binding type of the return value, None when the function may only return None.
    """

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    returns: str | None
    requires_context: bool
    is_async: bool


def read_signature(name: str, function: Callable[..., object], bindings: list[Binding]) -> Signature:
    """Return how the worker would call the function.

    Raises FunctionLoadError when a parameter has no binding, a binding has no parameter, or an annotation does not fit.
    """
    annotations = _annotations(name, function)
    parameters = dict(inspect.signature(function).parameters)
    bound = {}
    for binding in bindings:
        _check_direction(name, binding)
        if binding.name != RETURN_BINDING:
            bound[binding.name] = binding
    requires_context = "context" in parameters and "context" not in bound
    if requires_context:
        del parameters["context"]
        _check_context(name, annotations)
    _check_names(name, set(parameters), set(bound))
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for parameter in parameters:
        binding = bound[parameter]
        is_output = binding.direction == BindingDirection.OUT.value
        kind = _check_parameter(name, parameter, binding, annotations, is_output=is_output)
        (outputs if is_output else inputs)[parameter] = kind
    return Signature(
        inputs=inputs,
        outputs=outputs,
        returns=_return_binding(name, bindings, annotations),
        requires_context=requires_context,
        is_async=inspect.iscoroutinefunction(function),
    )


def converter(binding_type: str) -> Any:
    """Return the library's converter class for a binding type, None where there is only the generic one."""
    return get_binding_registry().get(binding_type)


def _annotations(name: str, function: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception as error:
        # The worker evaluates the hints and fails the app when one cannot be resolved.
        raise FunctionLoadError(name, f"its annotations cannot be evaluated: {error}") from error


def _check_direction(name: str, binding: Binding) -> None:
    if binding.direction == BindingDirection.INOUT.value:
        raise FunctionLoadError(name, f'binding "{binding.name}" is "inout", which Python does not support')
    if binding.name == RETURN_BINDING and binding.direction != BindingDirection.OUT.value:
        raise FunctionLoadError(name, 'binding "$return" must have the direction "out"')


def _check_context(name: str, annotations: Mapping[str, Any]) -> None:
    annotation = annotations.get("context")
    if annotation is None:
        return
    if not isinstance(annotation, type) or annotation.__name__ != "Context":
        raise FunctionLoadError(name, f'parameter "context" must be azure.functions.Context, not {annotation!r}')


def _check_names(name: str, parameters: set[str], bound: set[str]) -> None:
    if unbound := sorted(parameters - bound):
        raise FunctionLoadError(name, f"parameters without a binding: {', '.join(unbound)}")
    if absent := sorted(bound - parameters):
        raise FunctionLoadError(name, f"bindings without a parameter of that name in Python: {', '.join(absent)}")


def _check_parameter(
    name: str, parameter: str, binding: Binding, annotations: Mapping[str, Any], *, is_output: bool
) -> str:
    if parameter not in annotations:
        return str(binding.type)
    annotation = annotations[parameter]
    is_out = _is_out(annotation)
    if is_output != is_out:
        expected = "azure.functions.Out[...]" if is_output else "a plain type, because the binding is an input"
        raise FunctionLoadError(name, f'parameter "{parameter}" must be annotated as {expected}')
    python_type = _out_argument(name, parameter, annotation) if is_out else annotation
    if not isinstance(python_type, type) and not _is_typing_generic(python_type):
        raise FunctionLoadError(name, f'parameter "{parameter}" has an annotation that is not a type: {annotation!r}')
    kind = str(binding.type)
    if python_type in (str, bytes) and not _has_implicit_output(kind):
        kind = "generic"
    if not _accepts(kind, python_type, output=is_out):
        raise FunctionLoadError(
            name, f'parameter "{parameter}": the {binding.type} binding does not match its annotation {python_type!r}'
        )
    return kind


def _return_binding(name: str, bindings: list[Binding], annotations: Mapping[str, Any]) -> str | None:
    explicit = next((str(b.type) for b in bindings if b.name == RETURN_BINDING), None)
    if explicit is None:
        return next((str(b.type) for b in reversed(bindings) if _has_implicit_output(str(b.type))), None)
    if "return" in annotations:
        annotation = annotations["return"]
        if not isinstance(annotation, type):
            raise FunctionLoadError(name, f"the return annotation is not a type: {annotation!r}")
        if not _accepts(explicit, annotation, output=True):
            raise FunctionLoadError(
                name, f'the return annotation {annotation!r} does not match the binding type "{explicit}"'
            )
    return explicit


def _is_out(annotation: Any) -> bool:
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and origin.__name__ == "Out"


def _out_argument(name: str, parameter: str, annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    if len(arguments) != 1:
        raise FunctionLoadError(name, f'parameter "{parameter}": Out needs one type, as in Out[str]')
    return arguments[0]


def _is_typing_generic(annotation: Any) -> bool:
    # The worker knows List[str] of the typing module, but not list[str], unions or callables.
    origin = typing.get_origin(annotation)
    if type(annotation).__module__ != "typing" or origin is None:
        return False
    return origin not in (typing.Union, tuple, typing.ClassVar, typing.get_origin(Callable[..., object]))


def _has_implicit_output(binding_type: str) -> bool:
    found = converter(binding_type)
    if found is None:
        return binding_type != "durableClient"
    check = getattr(found, "has_implicit_output", None)
    return bool(check()) if check else False


def _accepts(binding_type: str, python_type: Any, *, output: bool) -> bool:
    try:
        if binding_type == ("http" if output else "httpTrigger") and is_streaming():
            return accepts_response(python_type) if output else accepts_request(python_type)
        found = converter(binding_type)
        if found is None:
            return issubclass(python_type, (str, bytes, bytearray) if output else (str, bytes))
        if output:
            return bool(found.check_output_type_annotation(python_type))
        return bool(found.check_input_type_annotation(python_type))
    except TypeError:
        # issubclass raises for List[str] and similar types; the same error fails the worker's indexing.
        return False
