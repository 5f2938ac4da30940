"""What a running app tells of itself: to anyone, to who names themselves, and to who has the function key."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from chat.settings import Trust
from doctor.findings import Finding, Verdict
from doctor.http import Failure, NoAnswer, send_request
from doctor.hub import hub_of_client_url
from doctor.symptoms import Symptom

KEY_FIX = "give the function key (--function-key or DOCTOR_FUNCTION_KEY)"
# The parts that an app tells about in its details: what to call them, and their symptoms.
_PARTS = {"storage": ("storage", Symptom.STORAGE), "durable": ("Durable Functions", Symptom.DURABLE)}


@dataclass(frozen=True, slots=True)
class AppAnswers:
    """What an app answered; everything is empty where it did not.

    `problem` says why nothing was answered at all; `is_refused` that nothing listens there; `is_absent` that
    something else than the chat, or a host without it, answers. `client_url` holds a token and is never shown.
    """

    problem: str = ""
    is_refused: bool = False
    is_absent: bool = False
    date: datetime | None = None
    session: Mapping[str, Any] = field(default_factory=dict)
    client_url: str = field(default="", repr=False)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hub(self) -> str:
        """The hub that the app serves; "" when it does not say."""
        return str(self.session.get("hub") or self.details.get("hub") or "")

    @property
    def trusts_signature(self) -> bool:
        """Whether the app verifies events by a signature; true when it does not say."""
        return self.details.get("trust") in (None, Trust.SIGNATURE)

    @property
    def service_host(self) -> str:
        """The host of the app's Web PubSub service; "" when it does not say."""
        return str(self.details.get("endpointHost") or urlsplit(self.client_url).hostname or "")


def ask_app(base_url: str, function_key: str | None, timeout: float) -> AppAnswers:
    """Ask the app at an address what it tells of itself. In open mode a client's URL is negotiated and not used."""
    try:
        session = send_request("GET", f"{base_url}/session", timeout=timeout)
    except NoAnswer as problem:
        return AppAnswers(str(problem), problem.failure is Failure.REFUSED)
    content = _object(session.json())
    client_url = _negotiate(base_url, timeout) if content.get("auth") == "open" else ""
    details = _read_details(base_url, function_key, timeout)
    # A sign-in in front (401, 403, a redirect, a page) hides a chat; these answers say that there is none.
    is_absent = session.status == 404 or session.status >= 500
    return AppAnswers("", False, is_absent, session.date, content, client_url, details)


def _negotiate(base_url: str, timeout: float) -> str:
    # A name of its own: nobody else is taken for this client, and the rooms are never joined.
    name = f"doctor-{secrets.token_hex(4)}"
    try:
        answer = send_request("GET", f"{base_url}/negotiate?id={name}", timeout=timeout)
        return str(_object(answer.json()).get("url", ""))
    except NoAnswer:
        return ""  # round_trip.negotiate says why


def _read_details(base_url: str, function_key: str | None, timeout: float) -> Mapping[str, Any]:
    headers = {"x-functions-key": function_key} if function_key else {}
    try:
        content = _object(send_request("GET", f"{base_url}/readyz/details", headers=headers, timeout=timeout).json())
    except NoAnswer:
        return {}  # health.ready says why
    return content if isinstance(content.get("checks"), list) else {}


def check_auth(app: AppAnswers) -> Finding:
    """Say whether anybody may connect, and who decides it."""
    if "auth" not in app.session:
        seen = "GET /session: no answer of the chat"
        fix = "look at health.alive first; an address of another app answers like this too"
        return Finding("settings.auth", Verdict.WRONG, seen, fix, Symptom.EVERY_ADDRESS_404)
    auth = app.session["auth"]
    if auth is None:
        fix = "set ChatAuth to open, or to easyauth with App Service Authentication on"
        seen = "nobody may connect: the app's ChatAuth is unset, unknown, or easyauth with authentication off"
        return Finding("settings.auth", Verdict.WRONG, seen, fix, Symptom.SETTING)
    meaning = "anyone names themselves" if auth == "open" else "App Service Authentication decides who a user is"
    return Finding("settings.auth", Verdict.OK, f"ChatAuth is {auth}: {meaning}")


def check_detail(check: str, name: str, app: AppAnswers) -> Finding:
    """Say what the app found out about its own storage or Durable Functions."""
    label, symptom = _PARTS[name]
    found = next((each for each in app.details.get("checks", []) if _object(each).get("name") == name), None)
    if found is None:
        fix, seen = KEY_FIX, f"the app tells about its {label} only to who has the function key"
        return Finding(check, Verdict.UNKNOWN, seen, fix, symptom)
    verdict = _verdict(found.get("status"))
    seen = f"the app says of its {label}: {found.get('detail') or found.get('status')}"
    if verdict is Verdict.OK:
        took = found.get("ms")
        return Finding(check, verdict, seen, milliseconds=took if isinstance(took, int | float) else None)
    fix = "correct what the app names, in its settings or roles"
    return Finding(check, verdict, seen, fix, symptom)


def _verdict(text: object) -> Verdict:
    return next((verdict for verdict in Verdict if verdict == text), Verdict.UNKNOWN)


def hub_names(app: AppAnswers) -> dict[str, str]:
    """Return the names of the hub that the app gives, by where they were read."""
    names = {"the app": app.hub, "the client's URL": hub_of_client_url(app.client_url) if app.client_url else ""}
    return {place: name for place, name in names.items() if name}


def _object(content: object) -> dict[str, Any]:
    return content if isinstance(content, dict) else {}
