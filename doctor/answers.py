"""Who answered a request: the app, the host in front of it, or a sign-in in front of both? Pure.

The app refuses with a JSON object `{"error": {"code", "message"}}`; nothing in front of it does.
"""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from doctor.http import Response

ALLOWED_ORIGIN = "WebHook-Allowed-Origin"
REQUEST_ORIGIN = "WebHook-Request-Origin"
MAX_QUOTED = 200
PERMANENT, TEMPORARY = (301, 308), (302, 303, 307)


class Answerer(Enum):
    """Who answered, as far as the answer shows it."""

    ACCEPTED = "a success"
    APP = "the app, which refused"
    SIGN_IN = "a sign-in in front of the app"
    HTTPS = "a redirect to https"
    HOST_KEY = "the host, which wants the function's key"
    ABSENT = "the host, which has no function at this address"
    FAILED = "a server error"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Answer:
    """A judged answer. `code` is the app's stable code of a refusal, `message` what it says, else both are empty."""

    answerer: Answerer
    response: Response
    code: str = ""
    message: str = ""

    @property
    def shown(self) -> str:
        """The answer in a few words: the status, and what is known of its sender; no header that may hold a secret."""
        status, answerer = self.response.status, self.answerer
        if answerer is Answerer.APP:
            return f"{status} {self.code}: {self.message}"
        if answerer is Answerer.SIGN_IN and (host := urlsplit(self.response.header("location")).hostname):
            return f"{status}, a redirect to {host}"
        if answerer is Answerer.SIGN_IN and self.response.is_html:
            return f"{status}, a page for people"
        if answerer in (Answerer.ACCEPTED, Answerer.OTHER):
            return str(status)
        return f"{status}, {answerer.value}"


def judge_answer(response: Response, asked_url: str) -> Answer:
    """Return who answered a request to `asked_url`."""
    code, message = read_refusal(response)
    if code:
        return Answer(Answerer.APP, response, code, message)
    return Answer(find_answerer(response, asked_url), response)


def read_refusal(response: Response) -> tuple[str, str]:
    """Return the code and message of the app's refusal, empty texts where the answer is none."""
    content = response.json() if response.status >= 400 else None
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return "", ""
    message = " ".join(str(error.get("message", "")).split())
    return error["code"][:MAX_QUOTED], message[:MAX_QUOTED]


def find_answerer(response: Response, asked_url: str) -> Answerer:
    """Return who answered what is no refusal of the app."""
    status = response.status
    if response.is_success:
        return Answerer.SIGN_IN if response.is_html else Answerer.ACCEPTED
    if status in PERMANENT + TEMPORARY:
        return Answerer.HTTPS if is_same_with_https(response, asked_url) else Answerer.SIGN_IN
    if status in (401, 403):
        is_bare = not response.body.strip() and not response.header("www-authenticate")
        return Answerer.HOST_KEY if is_bare and status == 401 else Answerer.SIGN_IN
    if status == 404:
        return Answerer.ABSENT
    return Answerer.FAILED if status >= 500 else Answerer.OTHER


def is_same_with_https(response: Response, asked_url: str) -> bool:
    """Return whether a redirect leads to the same address with https."""
    asked, target = urlsplit(asked_url), urlsplit(response.header("location"))
    same = (asked.hostname, asked.path) == (target.hostname, target.path)
    return asked.scheme == "http" and target.scheme == "https" and same
