"""Checks of the Web PubSub service: is it there, does it take our token, does its clock agree with ours?

One call needs a token, and it is a question: does a connection exist whose name nobody has?
"""

import asyncio
import base64
import binascii
import importlib.util
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from chat.entra_tokens import app_credential
from chat.gateway import SCOPE
from chat.publishing import API_VERSION, sign_token
from chat.settings import Connection
from doctor.findings import Finding, Verdict
from doctor.http import Failure, NoAnswer, Response, send_request
from doctor.symptoms import Symptom

MADE_UP_CONNECTION = "doctor-asks-for-no-connection"
TOKEN_SECONDS = 300
IDENTITY_SECONDS = 10.0
CLOCK_NOTE_SECONDS = 30.0
CLOCK_LIMIT_SECONDS = 300.0
"""What the service allows a token's times to differ, and the app those of an event (`ChatEventMaxAgeSeconds`)."""
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
START = "start the chat: python3 dev.py run"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A way to a token: `make` returns one for a URL without its query; `name` is how the app authorizes itself."""

    name: str
    make: Callable[[str], str]


def key_bearer(connection: Connection) -> Bearer:
    """Return what signs tokens with the key of a connection string."""
    return Bearer("access key", lambda url: sign_token(url, connection.access_key, int(time.time()) + TOKEN_SECONDS))


def is_on_this_machine(address: str) -> bool:
    """Return whether a URL names this machine itself."""
    return urlsplit(address).hostname in THIS_MACHINE


# --- the address ---------------------------------------------------------------


def ask_address(endpoint: str, timeout: float) -> Response | NoAnswer:
    """Ask the service whether it is there, which needs no token."""
    try:
        return send_request("HEAD", f"{endpoint}/api/health?api-version={API_VERSION}", timeout=timeout)
    except NoAnswer as problem:
        return problem


def judge_address(endpoint: str, answer: Response | NoAnswer) -> Finding:
    """Say whether the service answers at its address."""
    check, symptom = "connection.address", Symptom.REST_REFUSED
    if isinstance(answer, NoAnswer):
        if answer.failure is Failure.REFUSED and is_on_this_machine(endpoint):
            return Finding(check, Verdict.UNKNOWN, f"nothing runs at {endpoint}", START, symptom)
        fix = "correct the Endpoint of the connection string (or __serviceUri), or open the network to it"
        return Finding(check, Verdict.WRONG, f"{endpoint} does not answer: {answer}", fix, symptom)
    if answer.status != 200:
        seen = f"{endpoint} answers {answer.status} to the question for its health: it is no Web PubSub service"
        return Finding(check, Verdict.WRONG, seen, "correct the Endpoint of the connection string", symptom)
    return Finding(check, Verdict.OK, f"{endpoint} answers", milliseconds=answer.milliseconds)


# --- the token -----------------------------------------------------------------


def check_token(endpoint: str, hub: str, bearer: Bearer, timeout: float) -> Finding:
    """Ask the service for a made-up connection with our token."""
    url = f"{endpoint}/api/hubs/{quote(hub, safe='')}/connections/{MADE_UP_CONNECTION}"
    headers = {"Authorization": f"Bearer {bearer.make(url)}"}
    try:
        answer = send_request("HEAD", f"{url}?api-version={API_VERSION}", headers=headers, timeout=timeout)
    except NoAnswer as problem:
        seen = f"the service did not answer whether a connection exists: {problem}"
        return Finding("connection.token", Verdict.UNKNOWN, seen, "try again", Symptom.REST_REFUSED)
    return judge_token(answer, bearer.name)


def judge_token(answer: Response, name: str) -> Finding:
    """Say what the service's answer means: it knows no connection of this name, or it does not take the token."""
    check, took = "connection.token", answer.milliseconds
    if answer.status in (200, 404):
        return Finding(check, Verdict.OK, f"the service takes the token of the {name}", milliseconds=took)
    if answer.status == 401:
        seen = f"the service refuses the token of the {name}: 401"
        fix = "copy the connection string again (the key was changed, or local authentication is off), or set the clock"
        if name != "access key":
            fix = "give the app an identity of the service's tenant, or set the clock"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.REST_REFUSED, took)
    if answer.status == 403:
        fix = "give the identity the role Web PubSub Service Owner (it takes minutes), or allow public network access"
        seen = f"the service knows who asks and refuses: 403 ({name})"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.REST_REFUSED, took)
    seen = f"the service answers {answer.status} to an authorized question"
    return Finding(check, Verdict.UNKNOWN, seen, "try again in a minute", Symptom.REST_REFUSED, took)


# --- the identity --------------------------------------------------------------


def check_identity(client_id: str | None, *, is_installed: bool | None = None) -> tuple[Finding, Bearer | None]:
    """Ask for a token of the app's identity, as the app does; return it to be used, None without one."""
    if is_installed is None:
        is_installed = importlib.util.find_spec("azure.identity") is not None
    if not is_installed:
        fix = "install azure-identity, which requirements.txt has"
        seen = "azure-identity is not installed, and an identity-based connection needs it"
        return Finding("connection.identity", Verdict.WRONG, seen, fix, Symptom.REST_REFUSED), None
    from azure.core.exceptions import AzureError

    started = time.monotonic()
    try:
        token = asyncio.run(_identity_token(client_id))
    except (AzureError, TimeoutError) as problem:  # the text names every sign-in that was tried
        fix = "sign in on this machine (az login), or give the app an identity and name it in the setting __clientId"
        seen = f"no token for the app's identity: {type(problem).__name__}"
        return Finding("connection.identity", Verdict.WRONG, seen, fix, Symptom.REST_REFUSED), None
    took = (time.monotonic() - started) * 1000
    return judge_identity_token(token, time.time(), took), Bearer("identity", lambda _: token)


async def _identity_token(client_id: str | None) -> str:
    async with asyncio.timeout(IDENTITY_SECONDS), app_credential(client_id, is_managed=False) as credential:
        return (await credential.get_token(SCOPE)).token


def judge_identity_token(token: str, now: float, milliseconds: float | None = None) -> Finding:
    """Say whether a token is for the service and has not ended; nothing of it but its audience is shown."""
    claims, wanted = read_claims(token), SCOPE.removesuffix("/.default")
    audience, ends = str(claims.get("aud", "")).rstrip("/"), claims.get("exp")
    if audience and audience != wanted:
        seen = f"the identity's token is for {audience}, not for {wanted}"
        return Finding("connection.identity", Verdict.WRONG, seen, "correct the identity", Symptom.REST_REFUSED)
    if isinstance(ends, int | float) and ends <= now:
        seen = f"the identity's token ended {now - ends:.0f} s ago"
        return Finding("connection.identity", Verdict.WRONG, seen, "set this machine's clock", Symptom.CLOCK)
    seen = "the app's identity got a token for the service"
    return Finding("connection.identity", Verdict.OK, seen, milliseconds=milliseconds)


def read_claims(token: str) -> dict[str, object]:
    """Return the claims of a JWT without a check of its signature; {} for a text that is no JWT."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


# --- the clock -----------------------------------------------------------------


def judge_clock(
    check: str, other: str, date: datetime | None, now: float, *, limit: float = CLOCK_LIMIT_SECONDS
) -> Finding:
    """Say how far our clock is from the `Date` of an answer; `now` is in seconds since 1970, `limit` in seconds."""
    if date is None:
        return Finding(check, Verdict.UNKNOWN, f"{other} sends no Date", "compare the clocks by hand", Symptom.CLOCK)
    # `Date` has whole seconds: the middle of its second is nearest.
    offset = now - (date.timestamp() + 0.5)
    seen = f"this machine's clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} that of {other}"
    fix = "let a time service (NTP) set this machine's clock"
    if abs(offset) >= limit:
        seen += f"; {limit:.0f} s is the limit"
        return Finding(check, Verdict.WRONG, seen, fix, Symptom.CLOCK)
    if abs(offset) >= CLOCK_NOTE_SECONDS:
        return Finding(check, Verdict.OK, seen, f"{fix}; from {limit:.0f} s on tokens and events are refused")
    return Finding(check, Verdict.OK, f"this machine and {other} agree about the time")
