"""The Functions host: HTTP triggers and Durable Functions for any Python v2 app folder."""

from local_azure.functions.errors import AppLoadError, ConfigurationError, HostError
from local_azure.functions.host import RunningHost, serve
from local_azure.functions.http_server.access_keys import Keys
from local_azure.functions.http_server.cors import Cors

__all__ = ["AppLoadError", "ConfigurationError", "Cors", "HostError", "Keys", "RunningHost", "serve"]
