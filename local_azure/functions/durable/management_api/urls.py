"""The URLs of the management API, and the string a `durableClient` binding receives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from local_azure.functions.durable.protocol.history import dumps

PREFIX = "/runtime/webhooks/durabletask"
ID_PLACEHOLDER = "INSTANCEID"


class ManagementUrls:
    """Builds URLs under one origin, such as `http://127.0.0.1:7071`, for one task hub."""

    def __init__(self, origin: str, hub: str) -> None:
        self._base = origin.rstrip("/") + PREFIX
        self._query = f"taskHub={quote(hub)}&connection=Storage"

    def status(self, instance_id: str) -> str:
        """Return the URL of the instance's status."""
        return f"{self._base}/instances/{quote(instance_id, safe='')}?{self._query}"

    def management(self, instance_id: str) -> dict[str, str]:
        """Return the payload of a check-status response: the id and one URL for each operation on the instance."""
        instance, query = f"{self._base}/instances/{quote(instance_id, safe='')}", self._query
        return {
            "id": instance_id,
            "statusQueryGetUri": f"{instance}?{query}",
            "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
            "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
            "purgeHistoryDeleteUri": f"{instance}?{query}",
            "restartPostUri": f"{instance}/restart?{query}",
            "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
        }

    def creation(self) -> dict[str, str]:
        """Return the templates of the URLs that start an orchestration."""
        start = f"{self._base}/orchestrators/{{functionName}}[/{{instanceId}}]"
        wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
        return {
            "createNewInstancePostUri": f"{start}?{self._query}",
            "createAndWaitOnNewInstancePostUri": f"{start}?{wait}&{self._query}",
        }

    def client_binding(self, hub: str) -> str:
        """Return the JSON text from which the SDK makes its client."""
        return dumps(
            {
                "taskHubName": hub,
                "creationUrls": self.creation(),
                "managementUrls": self.management(ID_PLACEHOLDER),
                "baseUrl": self._base,
                "requiredQueryStringParameters": self._query,
                "rpcBaseUrl": f"{self._base}/",
            }
        )


def client_binding(binding: Mapping[str, object], *, origin: str, default_hub: str) -> str:
    """Return the JSON text for a `durableClient` binding, with URLs under the origin."""
    return _client_binding(origin, resolve_hub_name(binding, default_hub))


@lru_cache(maxsize=64)
def _client_binding(origin: str, hub: str) -> str:
    # Kept: every call of a function with a durable client needs it.
    return ManagementUrls(origin, hub).client_binding(hub)


def resolve_hub_name(binding: Mapping[str, object], default: str) -> str:
    """Return the task hub that a binding names, itself or by an app setting (`%NAME%`), else the app's."""
    named = str(binding.get("taskHub") or "")
    if named.startswith("%") and named.endswith("%"):
        named = os.environ.get(named.strip("%"), "")
    return named or default
