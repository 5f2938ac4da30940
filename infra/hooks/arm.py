"""The hub of the service in Azure Resource Manager (ARM): read, written, and waited for until it is in force.

ARM is asked with a token of azd's signed-in user. A call that is throttled or fails is tried again, for a bounded time.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from doctor.http import NoAnswer, Response, send_request

API_VERSION = "2024-03-01"
PUBLIC_CLOUD = "https://management.azure.com"
CALL_SECONDS = 30.0
AZD_SECONDS = 60.0
ATTEMPTS = 6
LONGEST_PAUSE_SECONDS = 30.0
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
MAX_QUOTED = 300
SUCCEEDED, ENDED = "succeeded", ("succeeded", "failed", "canceled")
# There is no hub, and there is nothing in which one could be made.
NO_PARENT = ("ParentResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound")
FIXES = {
    401: "sign in again: azd auth login",
    403: "the signed-in user needs the role Contributor on the Web PubSub resource",
    404: "the Web PubSub resource is not there: azd provision",
    400: "ARM does not take the hub's settings; if it asked the handler's address, see the lines about webhook.* above",
    409: "another change of the hub is running: azd hooks run postdeploy, a minute later",
    429: "ARM has too many calls: azd hooks run postdeploy, some minutes later",
}


class ArmError(Exception):
    """What ARM or azd refused or failed at; `fix` says what to do. No token is in it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class HubResource:
    """One hub of a Web PubSub resource in ARM. `pause` is the shortest wait between two calls, in seconds."""

    arm_url: str
    token: str
    subscription: str
    resource_group: str
    service: str
    hub: str
    wait_seconds: float
    pause: float

    @property
    def url(self) -> str:
        """The hub's address in ARM."""
        group = f"/subscriptions/{quote(self.subscription)}/resourceGroups/{quote(self.resource_group)}"
        service = f"/providers/Microsoft.SignalRService/webPubSub/{quote(self.service)}"
        return f"{self.arm_url}{group}{service}/hubs/{quote(self.hub)}?api-version={API_VERSION}"

    def read(self) -> dict[str, Any] | None:
        """Return the hub's properties, None where there is no such hub; raises ArmError."""
        answer = self._call("GET", self.url)
        code, _ = read_error(answer)
        if answer.status == 404 and code not in NO_PARENT:
            return None
        return read_properties(self._require(answer, "reading the hub"))

    def write(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Set the hub's properties and return what they are once they are in force; raises ArmError."""
        body = json.dumps({"properties": dict(properties)}).encode()
        deadline = time.monotonic() + self.wait_seconds
        answer = self._require(self._call("PUT", self.url, body), "setting the hub")
        if (operation := self._operation_url(answer)) is not None:
            self._wait_for_operation(operation, deadline)
        return self._wait_until_settled(deadline)

    def _operation_url(self, answer: Response) -> str | None:
        """Return where ARM tells how the change goes; only at ARM's own address, because the token is sent there."""
        url = answer.header("azure-asyncoperation")
        return url if origin_of(url) == origin_of(self.arm_url) else None

    def _wait_for_operation(self, url: str, deadline: float) -> None:
        """Return when a change has ended; raises ArmError when it failed or takes too long."""
        while True:
            answer = self._require(self._call("GET", url), "waiting for the hub")
            content = answer.json()
            status = str(content.get("status", "")).lower() if isinstance(content, dict) else ""
            if status in ENDED:
                return self._require_success(status, answer)
            self._pause(deadline, retry_after(answer))

    def _wait_until_settled(self, deadline: float) -> dict[str, Any]:
        """Return the hub's properties when no change of them is running; raises ArmError."""
        while True:
            properties = self.read()
            if properties is None:
                raise ArmError("ARM took the hub and does not know it", "azd hooks run postdeploy, a minute later")
            state = str(properties.get("provisioningState", SUCCEEDED)).lower()
            if state == SUCCEEDED:
                return properties
            if state in ENDED:
                raise ArmError(f"the hub's change has {state}", "look at the resource's activity log")
            self._pause(deadline, 0.0)

    def _require_success(self, status: str, answer: Response) -> None:
        if status != SUCCEEDED:
            code, message = read_error(answer)
            raise ArmError(f"the hub's change has {status}: {code} {message}".rstrip(), FIXES[400])

    def _call(self, method: str, url: str, body: bytes | None = None) -> Response:
        """Return the first answer that is neither a throttling nor a failure, or the last one; raises ArmError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        deadline = time.monotonic() + self.wait_seconds
        for attempt in range(1, ATTEMPTS + 1):
            wait = self.pause * 2**attempt
            try:
                answer = send_request(method, url, headers=headers, body=body, timeout=CALL_SECONDS)
            except NoAnswer as problem:
                if attempt == ATTEMPTS:
                    raise ArmError(f"ARM: {problem}", f"check the way to {urlsplit(url).hostname}") from problem
            else:
                if attempt == ATTEMPTS or (answer.status != 429 and answer.status < 500):
                    break
                wait = max(wait, retry_after(answer))
            self._pause(deadline, wait)
        return answer

    def _pause(self, deadline: float, seconds: float) -> None:
        """Wait before the next call; raises ArmError when the time is over."""
        wait = min(max(seconds, self.pause), LONGEST_PAUSE_SECONDS)
        if time.monotonic() + wait > deadline:
            problem = f"ARM did not take and report the hub's settings within {self.wait_seconds:g} s"
            raise ArmError(problem, "azd hooks run postdeploy, some minutes later")
        time.sleep(wait)

    def _require(self, answer: Response, act: str) -> Response:
        if answer.is_success:
            return answer
        code, message = read_error(answer)
        fix = FIXES.get(answer.status, "azd hooks run postdeploy, some minutes later")
        raise ArmError(f"{act}: ARM answered {answer.status} {code} {message}".rstrip(), fix)


def read_token(azd: str, arm_url: str, tenant: str, environment: Mapping[str, str]) -> str:
    """Return a token of azd's signed-in user for ARM; raises ArmError. `azd` is the path of the program."""
    command = [azd, "auth", "token", "--output", "json"]
    command += ["--tenant-id", tenant] if tenant else []
    command += ["--scope", f"{arm_url}/.default"] if arm_url != PUBLIC_CLOUD else []
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=AZD_SECONDS,
            check=False,
            env=dict(environment),
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ArmError(f"azd auth token: {type(problem).__name__}", "azd auth login") from problem
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:MAX_QUOTED]
        raise ArmError(f"azd auth token ended with {done.returncode}: {said}", "azd auth login")
    try:
        token = json.loads(done.stdout)["token"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str) or not token:
        raise ArmError("azd auth token printed no token", "install the current azd")
    return token


def check_arm_url(url: str) -> str:
    """Return ARM's address without a slash at its end; raises ValueError where a token would travel in the clear."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS)
    if not is_safe or not parts.hostname:
        raise ValueError(f"{url!r} is no address of Azure Resource Manager: it must begin with https://")
    return url.rstrip("/")


def read_properties(answer: Response) -> dict[str, Any]:
    """Return the properties of a resource."""
    content = answer.json()
    properties = content.get("properties") if isinstance(content, dict) else None
    return dict(properties) if isinstance(properties, dict) else {}


def read_error(answer: Response) -> tuple[str, str]:
    """Return code and message of ARM's error, empty texts where there is none."""
    content = answer.json()
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code", ""))[:MAX_QUOTED], " ".join(str(error.get("message", "")).split())[:MAX_QUOTED]


def retry_after(answer: Response) -> float:
    """Return how many seconds the server asks to wait, 0 where it asks for none."""
    value = answer.header("retry-after")
    return float(value) if value.isdigit() else 0.0


def origin_of(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
