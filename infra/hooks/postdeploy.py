"""After a deployment: is the chat there, do events reach it, and does a message go round? azd runs this by itself.

    azd hooks run postdeploy          once more, after something was mended

Its steps, one line or more for each:
1. waits until the app is alive and ready (`--wait` seconds; a role that was given a moment ago needs some minutes);
2. asks the webhook as the service does, and whether it refuses what nobody has proved;
3. reads the hub from Azure Resource Manager, and sets the app's event handler where it is not there or differs;
4. sends a message round as a client of its own (`doctor/round_trip.py` says what that leaves behind);
5. prints the address of the chat.

It ends with 1 when something is wrong, and 2 when it could not begin; each line that is not ok says what to do. It
needs Python 3.11 and azd, nothing else. The values come from azd's environment (the outputs of `infra/main.bicep`).
In another cloud, name its Resource Manager in AZURE_RESOURCE_MANAGER_URL or by `--arm-url`. No token is printed.
"""

import sys

OLDEST_PYTHON = (3, 11)
# Comes before the other imports, as in dev.py: an older Python shows this sentence.
# ruff: noqa: E402
if sys.version_info < OLDEST_PYTHON:
    print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.", file=sys.stderr)
    sys.exit(2)

import argparse
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# The folder of `doctor` and `infra`, from wherever this file is started.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from doctor.findings import Finding, Verdict
from doctor.health import check_health
from doctor.round_trip import check_round_trip
from doctor.symptoms import Symptom
from doctor.webhook import check_webhook
from infra.hooks.arm import PUBLIC_CLOUD, ArmError, HubResource, check_arm_url, read_token
from infra.hooks.hub_settings import WantedHandler, find_differences, merge_settings

ARM_URL = "AZURE_RESOURCE_MANAGER_URL"
NEEDED = (
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_RESOURCE_GROUP",
    "CHAT_APP_URL",
    "CHAT_WEBPUBSUB_NAME",
    "CHAT_WEBPUBSUB_ENDPOINT",
    "CHAT_HUB",
)
HUB_CHECK = "hub.resource"
# Each try that fails late leaves a few rows of storage.
LONGEST_ROUND_TRIP_WAIT_SECONDS = 60.0


class Unusable(Exception):
    """The hook cannot begin; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was deployed, as azd's environment says."""

    app_url: str
    hub: str
    service_name: str
    service_host: str
    subscription: str
    resource_group: str
    tenant: str
    audience: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a step is waited for, and how long between two questions; in seconds."""

    seconds: float
    pause: float


def read_deployment(environment: Mapping[str, str]) -> Deployment:
    """Return what was deployed; raises Unusable with the names of what is missing."""
    if missing := [name for name in NEEDED if not environment.get(name, "").strip()]:
        raise Unusable(
            f"azd's environment has no {', '.join(missing)}: run `azd provision`, then `azd hooks run postdeploy`"
        )
    values = {name: value.strip() for name, value in environment.items()}
    host = urlsplit(values["CHAT_WEBPUBSUB_ENDPOINT"]).hostname
    if not host:
        raise Unusable("CHAT_WEBPUBSUB_ENDPOINT is no address: run `azd provision`")
    return Deployment(
        app_url=values["CHAT_APP_URL"].rstrip("/"),
        hub=values["CHAT_HUB"],
        service_name=values["CHAT_WEBPUBSUB_NAME"],
        service_host=host,
        subscription=values["AZURE_SUBSCRIPTION_ID"],
        resource_group=values["AZURE_RESOURCE_GROUP"],
        tenant=values.get("AZURE_TENANT_ID", ""),
        audience=values.get("CHAT_WEBHOOK_AUDIENCE", ""),
    )


def repeat_until_ok(check: Callable[[], list[Finding]], waiting: Waiting, what: str) -> list[Finding]:
    """Return the first findings of which none is wrong, or the last ones when the time is over."""
    deadline = time.monotonic() + waiting.seconds
    is_told = False
    while is_wrong(findings := check()) and time.monotonic() + waiting.pause < deadline:
        if not is_told:
            print(f"waiting for {what}, up to {waiting.seconds:g} s", flush=True)
            is_told = True
        time.sleep(waiting.pause)
    return findings


def is_wrong(findings: Sequence[Finding]) -> bool:
    """Return whether something is wrong."""
    return any(finding.verdict is Verdict.WRONG for finding in findings)


def check_hub(deployment: Deployment, resource: HubResource) -> list[Finding]:
    """Return whether the hub sends its events to the app, after setting it where it did not; raises ArmError."""
    wanted = WantedHandler(deployment.app_url, deployment.audience)
    found = resource.read()
    differences = ["there is no such hub"] if found is None else find_differences(found, wanted)
    if not differences:
        return [Finding(HUB_CHECK, Verdict.OK, f"hub {deployment.hub}: its events go to {wanted.url_template}")]
    print(f"setting hub {deployment.hub}: {'; '.join(differences)}", flush=True)
    left = find_differences(resource.write(merge_settings(found, wanted)), wanted)
    if left:
        fix = "somebody else changes the hub at the same time, or a policy does: look at the resource's activity log"
        seen = f"hub {deployment.hub}, after setting it: {'; '.join(left)}"
        return [Finding(HUB_CHECK, Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)]
    return [Finding(HUB_CHECK, Verdict.OK, f"hub {deployment.hub} was set: its events go to {wanted.url_template}")]


def open_hub(deployment: Deployment, arm_url: str, environment: Mapping[str, str], waiting: Waiting) -> HubResource:
    """Return the hub in ARM; raises ArmError where nobody is signed in."""
    azd = shutil.which("azd", path=environment.get("PATH"))
    if azd is None:
        raise ArmError("azd is not on the PATH", "install the Azure Developer CLI")
    return HubResource(
        arm_url=arm_url,
        token=read_token(azd, arm_url, deployment.tenant, environment),
        subscription=deployment.subscription,
        resource_group=deployment.resource_group,
        service=deployment.service_name,
        hub=deployment.hub,
        wait_seconds=waiting.seconds,
        pause=waiting.pause,
    )


def verify(deployment: Deployment, arm_url: str, environment: Mapping[str, str], waiting: Waiting) -> bool:
    """Print the line of each check, and return whether nothing is wrong."""
    url = deployment.app_url
    health = repeat_until_ok(lambda: check_health(url), waiting, f"{url}/healthz and /readyz")
    print_findings(health)
    if is_wrong(health):
        return False
    webhook = check_webhook(url, deployment.hub, deployment.service_host)
    print_findings(webhook)
    try:
        hub = check_hub(deployment, open_hub(deployment, arm_url, environment, waiting))
    except ArmError as problem:
        hub = [Finding(HUB_CHECK, Verdict.WRONG, str(problem), problem.fix, Symptom.NO_EVENT_COMES)]
    print_findings(hub)
    # What was set a moment ago may not be in force everywhere; what is wrong before it does not mend itself.
    seconds = 0.0 if is_wrong([*webhook, *hub]) else min(waiting.seconds, LONGEST_ROUND_TRIP_WAIT_SECONDS)
    message = repeat_until_ok(lambda: check_round_trip(url), Waiting(seconds, waiting.pause), "a message to go round")
    print_findings(message)
    return not is_wrong([*webhook, *hub, *message])


def print_findings(findings: Sequence[Finding]) -> None:
    """Print one line for each finding, and one with the fix for each that is not ok."""
    for finding in findings:
        took = f" ({finding.milliseconds:.0f} ms)" if finding.milliseconds is not None else ""
        print(f"{finding.verdict:12}{finding.check}: {finding.seen}{took}")
        if finding.fix:
            where = f" (docs/troubleshooting.md#{finding.symptom})" if finding.symptom else ""
            print(f"{'':12}{finding.fix}{where}")
    sys.stdout.flush()


def parse_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Verify a deployment of the chat; azd runs this after `azd deploy`.")
    parser.add_argument(
        "--arm-url",
        default=environment.get(ARM_URL) or PUBLIC_CLOUD,
        help=f"address of Azure Resource Manager (default: {ARM_URL}, else {PUBLIC_CLOUD})",
    )
    parser.add_argument(
        "--wait", type=float, default=300.0, help="seconds to wait for each step (default: %(default)g)"
    )
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between two questions (default: %(default)g)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Verify the deployment that azd's environment names.

    Returns 0, 1 when something is wrong, 2 when it cannot begin.
    """
    options = parse_arguments(arguments, environment)
    try:
        deployment, arm_url = read_deployment(environment), check_arm_url(options.arm_url)
        is_fine = verify(deployment, arm_url, environment, Waiting(options.wait, options.pause))
    except (Unusable, ValueError) as problem:
        print(f"postdeploy: {problem}", file=sys.stderr)
        return 2
    print(f"The chat: {deployment.app_url}" if is_fine else "Something is wrong: the lines above say what to do.")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
