"""Plain classes in place of the worker's protobuf messages: what the official runtime reads and writes of them.

The runtime takes the module of its messages from whoever starts it, so it can be driven without gRPC.
"""

from typing import Any


class Message:
    """A message: its fields are whatever it was made with; a field that was not given is None."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        # The runtime asks a value for its `TypedData` to tell the value from the module.
        if name.startswith("__") or name == "TypedData":
            raise AttributeError(name)
        return None


class TypedData(Message):
    """One value and its kind."""

    def WhichOneof(self, name: str) -> str | None:  # noqa: N802 — protobuf's name
        return next((kind for kind, value in vars(self).items() if value is not None), None)


class ParameterBinding(Message):
    """An argument by name."""

    def WhichOneof(self, name: str) -> str:  # noqa: N802 — protobuf's name
        return "data"


class BindingInfo(Message):
    """A binding's type, data type and direction."""

    undefined = 0
    out = 1
    inout = 2


class StatusResult(Message):
    """Whether something worked, with the exception if not."""

    Failure = 0
    Success = 1


class SameSite:
    """A cookie's SameSite attribute."""

    Lax = "lax"
    Strict = "strict"
    ExplicitNone = "none"


setattr(SameSite, "None", None)


class RpcHttpCookie(Message):
    """A cookie to set."""

    SameSite = SameSite


class RpcHttp(Message):
    """An HTTP request or response."""


class Timestamp(Message):
    """Seconds since 1970."""


class NullableString(Message):
    """A string that may be absent."""


NullableBool = NullableDouble = NullableTimestamp = NullableString
RpcFunctionMetadata = RpcRetryOptions = RpcException = Message
WorkerInitResponse = WorkerMetadata = FunctionMetadataResponse = FunctionLoadResponse = InvocationResponse = Message
