"""Serve the app of this process as the command line says."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local_azure.functions.configuration.local_settings import read_local_settings, split_origins
from local_azure.functions.host import RunningHost, serve
from local_azure.functions.http_server.access_keys import load_or_create_keys
from local_azure.functions.http_server.cors import Cors
from local_azure.functions.options import HostOptions, Instance


@asynccontextmanager
async def serve_with_options(
    options: HostOptions, listener: socket.socket, instance: Instance | None = None
) -> AsyncIterator[RunningHost]:
    """Serve the app for as long as the context lasts; the app's folder becomes the process's working directory.

    Raises ConfigurationError when host.json, local.settings.json or a setting cannot be used.
    """
    # As under `func start`, the app's folder is the working directory.
    os.chdir(options.app_root)
    local = read_local_settings(options.app_root)
    origins = split_origins(options.cors) if options.cors is not None else local.cors_origins
    async with serve(
        options.app_root,
        settings=options.settings,
        data=options.data,
        keys=load_or_create_keys(options.data) if options.enable_auth and options.data else None,
        cors=Cors(origins, options.cors_credentials or local.cors_credentials),
        listener=listener,
        instance=instance,
    ) as host:
        yield host


def startup_text(host: RunningHost) -> str:
    """Return what the console shows of a host that has started: notes about settings, and the functions."""
    return "\n".join((*host.notes, host.startup_banner()))
