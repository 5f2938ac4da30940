"""The Functions host: HTTP triggers and Durable Functions for any Python v2 app folder."""

from local_azure.functions.errors import AppLoadError, ConfigurationError, HostError
from local_azure.functions.host import RunningHost, serve
from local_azure.functions.http_server.access_keys import AccessKeys
from local_azure.functions.http_server.cors import Cors

__all__ = ["AccessKeys", "AppLoadError", "ConfigurationError", "Cors", "HostError", "RunningHost", "serve"]
