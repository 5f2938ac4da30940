"""The errors of an app or its settings; each message says what a person can change."""

import os


class HostError(Exception):
    """The host cannot go on; the message names the file or setting and what is wrong with it."""

    code = "host_error"


class ConfigurationError(HostError):
    """host.json, local.settings.json or an option holds what the host cannot run with."""

    code = "configuration_error"


class AddressError(HostError):
    """The host cannot listen on an address or port, mostly because another process does."""

    code = "address_unavailable"

    def __init__(self, host: str, port: int, reason: OSError) -> None:
        text = os.strerror(reason.errno) if reason.errno else str(reason)
        super().__init__(f"cannot listen on {host} port {port}: {text}")


class AppLoadError(HostError):
    """The app's script could not be imported or indexed: as in Azure, the host then has no function at all.

    `__cause__` is the app's own exception, where there was one; its traceback shows the line.
    """

    code = "app_load_error"


class FunctionLoadError(AppLoadError):
    """One function's signature contradicts its bindings, which fails the whole app, as in the Python worker."""

    code = "function_load_error"

    def __init__(self, function_name: str, reason: str) -> None:
        super().__init__(f"cannot load the {function_name} function: {reason}")


class FunctionRuleError(HostError):
    """One function breaks a rule of the Functions host: it alone is left out, the others are served."""

    code = "function_in_error"


class BindingError(HostError):
    """An input or output binding of a function cannot be bound: the invocation fails, as in the real host."""

    code = "binding_error"
