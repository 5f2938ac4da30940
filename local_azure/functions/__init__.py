"""The Functions host: HTTP triggers and Durable Functions for any Python v2 app folder."""

from .cors import Cors
from .errors import AppLoadError, ConfigurationError, HostError
from .host import RunningHost, serve
from .keys import Keys

__all__ = ["AppLoadError", "ConfigurationError", "Cors", "HostError", "Keys", "RunningHost", "serve"]
