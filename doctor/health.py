"""Is the app alive, and is it ready? Its own routes say so; the details only with the function's key."""

from typing import Any
from urllib.parse import urlsplit

from doctor.findings import Finding, Verdict
from doctor.http import TIMEOUT_SECONDS, NoAnswer, Response, send_request
from doctor.symptoms import Symptom

SYMPTOMS = {
    "settings": Symptom.SETTING,
    "service": Symptom.REST_REFUSED,
    "storage": Symptom.STORAGE,
    "durable": Symptom.DURABLE,
    "webhook": Symptom.SETTING,
}
"""The symptom of each part that the app checks."""
MAX_QUOTED = 200


def check_health(base_url: str, *, function_key: str | None = None, timeout: float = TIMEOUT_SECONDS) -> list[Finding]:
    """Return whether the app at `base_url` is alive (`health.alive`) and ready (`health.ready`).

    With `function_key` the finding names the part that is wrong. `timeout` is in seconds for each of two requests.
    Raises ValueError for an address that is none.
    """
    base = base_url.rstrip("/")
    alive = check_alive(base, timeout)
    if alive.verdict is not Verdict.OK:
        return [alive, Finding("health.ready", Verdict.UNKNOWN, "not asked: the app is not alive", "mend health.alive")]
    return [alive, check_ready(base, function_key, timeout)]


def check_alive(base: str, timeout: float) -> Finding:
    """Return whether the app answers at all; that touches neither its settings nor the service nor storage."""
    check, asked = "health.alive", "GET /healthz"
    try:
        answer = send_request("GET", f"{base}/healthz", timeout=timeout)
    except NoAnswer as problem:
        host = urlsplit(base).hostname
        fix = "check the address, and that the app runs; a first start in the cloud takes up to half a minute"
        return Finding(check, Verdict.WRONG, f"{asked} at {host}: {problem}", fix, Symptom.EVENTS_FAIL)
    if answer.status == 200 and status_of(answer) == "alive":
        return Finding(check, Verdict.OK, f"{asked}: alive", milliseconds=answer.milliseconds)
    fix, symptom = explain_health(answer)
    return Finding(check, Verdict.WRONG, f"{asked}: {answer.status}", fix, symptom, answer.milliseconds)


def explain_health(answer: Response) -> tuple[str, str]:
    """Return the fix and the symptom of an answer that does not say that the app is alive."""
    if answer.status == 404:
        fix = (
            "the host has no such function: the app was not indexed (read its start log: an import that fails, packages"
            " of another Python), or an earlier version is deployed"
        )
        return fix, Symptom.EVERY_ADDRESS_404
    if answer.status in (301, 302, 303, 307, 308, 401, 403) or answer.is_html:
        return (
            "a sign-in answers in place of the app: let /healthz and /readyz through, as the webhook",
            Symptom.ADDRESS_REFUSED,
        )
    return "the app does not start: read its log", Symptom.EVENTS_FAIL


def check_ready(base: str, function_key: str | None, timeout: float) -> Finding:
    """Return whether the app can serve: its settings, the service, storage."""
    check, path = "health.ready", "/readyz/details" if function_key else "/readyz"
    headers = {"x-functions-key": function_key} if function_key else {}
    try:
        answer = send_request("GET", base + path, headers=headers, timeout=timeout)
    except NoAnswer as problem:
        return Finding(check, Verdict.WRONG, f"GET {path}: {problem}", "read the app's log", Symptom.EVENTS_FAIL)
    if function_key and answer.status in (401, 403):
        fix = "the host refuses the key: take a key of this app (function or host key)"
        return Finding(check, Verdict.UNKNOWN, f"GET {path}: {answer.status}", fix, milliseconds=answer.milliseconds)
    if answer.status == 200 and status_of(answer) == "ready":
        return Finding(check, Verdict.OK, f"GET {path}: ready", milliseconds=answer.milliseconds)
    wrong = wrong_parts(answer)
    if not wrong:
        fix = (
            "ask with the function's key: the answer then says what is not ready"
            if not function_key
            else "read its log"
        )
        return Finding(
            check, Verdict.WRONG, f"GET {path}: {answer.status}", fix, Symptom.EVENTS_FAIL, answer.milliseconds
        )
    seen = "; ".join(f"{name}: {detail}" for name, detail in wrong)
    if function_key:
        seen = seen.replace(function_key, "…")
    symptom = SYMPTOMS.get(wrong[0][0], Symptom.EVENTS_FAIL)
    fix = "mend what is named; a role that was given a moment ago needs some minutes"
    return Finding(check, Verdict.WRONG, f"GET {path}: {answer.status}, {seen}", fix, symptom, answer.milliseconds)


def status_of(answer: Response) -> str:
    """Return what the answer says of the app in one word, empty where it says nothing."""
    content = answer.json()
    return str(content.get("status", "")) if isinstance(content, dict) else ""


def wrong_parts(answer: Response) -> list[tuple[str, str]]:
    """Return name and detail of each part that is wrong, as the app says."""
    content = answer.json()
    checks: Any = content.get("checks") if isinstance(content, dict) else None
    if not isinstance(checks, list):
        return []
    wrong = [each for each in checks if isinstance(each, dict) and each.get("status") == "wrong"]
    return [(str(each.get("name", "")), str(each.get("detail", ""))[:MAX_QUOTED]) for each in wrong]
