"""Cross-origin requests, by ASP.NET Core's algorithm, as `func start --cors` and Flex Consumption apply it.

A Web PubSub validation request has no `Origin` header, so these rules do not apply to it (H-061).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local_azure.functions.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Cors:
    """The origins that may read answers; without any, no header is added and no preflight is answered.

    Raises ConfigurationError for `*` together with credentials, which browsers forbid.
    """

    origins: tuple[str, ...] = ()
    credentials: bool = False

    def __post_init__(self) -> None:
        if self.credentials and "*" in self.origins:
            raise ConfigurationError("CORS cannot allow credentials together with the origin '*': name the origins")

    def is_preflight(self, method: str, headers: Mapping[str, str]) -> bool:
        """Return whether the request is a preflight, which is answered with 204 and without a function."""
        return (
            bool(self.origins)
            and method == "OPTIONS"
            and "origin" in headers
            and "access-control-request-method" in headers
        )

    def preflight_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of the answer to a preflight; none for an origin that is not allowed."""
        answer = self.response_headers(headers)
        if "Access-Control-Allow-Origin" not in answer:
            return answer
        answer["Access-Control-Allow-Methods"] = headers["access-control-request-method"]
        if requested := headers.get("access-control-request-headers"):
            answer["Access-Control-Allow-Headers"] = requested
        return answer

    def response_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers to add to any other answer."""
        origin = headers.get("origin")
        if not self.origins or origin is None:
            return {}
        answer = {} if len(self.origins) == 1 else {"Vary": "Origin"}
        if "*" in self.origins:
            return {"Access-Control-Allow-Origin": "*"}
        if origin in self.origins:
            answer["Access-Control-Allow-Origin"] = origin
            if self.credentials:
                answer["Access-Control-Allow-Credentials"] = "true"
        return answer
