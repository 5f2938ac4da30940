"""Does the webhook answer the question that the service asks before it delivers (CloudEvents abuse protection)?"""

from doctor.answers import ALLOWED_ORIGIN, Answer, Answerer
from doctor.findings import Finding, Verdict
from doctor.http import NoAnswer, Response
from doctor.symptoms import Symptom
from doctor.webhook_fixes import REMOVE_CORS, explain_refusal
from doctor.webhook_requests import Webhook

FOREIGN_ORIGIN = "foreign.invalid"
REPLICA_ORIGIN = "replica.invalid"
PAGE_ORIGIN = "https://page.invalid"


def is_allowed(response: Response, *origins: str) -> bool:
    """Return whether the service would take an answer to its question: one header line is `*` or one of its origins."""
    accepted = {"*", *(origin.lower() for origin in origins)}
    return response.is_success and any(line.lower() in accepted for line in response.header_lines(ALLOWED_ORIGIN))


def judge_validation(webhook: Webhook, answer: Answer) -> Finding:
    """Return whether the service would take the answer to its question."""
    check, response = "webhook.validation", answer.response
    asked = f"{webhook.shown('OPTIONS', 'validate')} for {webhook.origin_host}"
    if is_allowed(response, webhook.origin_host):
        seen = f"{asked}: {response.status}, {ALLOWED_ORIGIN} {response.header(ALLOWED_ORIGIN)}"
        return Finding(check, Verdict.OK, seen, milliseconds=response.milliseconds)
    fix, symptom = explain_refusal(answer, has_key=bool(webhook.function_key))
    seen = webhook.redact(f"{asked}: {answer.shown}")
    if answer.answerer is Answerer.ACCEPTED:
        lines = response.header_lines(ALLOWED_ORIGIN)
        seen += f", {ALLOWED_ORIGIN} {', '.join(lines)[:200]!r}" if lines else f" without {ALLOWED_ORIGIN}"
    # The handler's address in the hub may hold a key that this check was not given.
    is_open = answer.answerer is Answerer.HOST_KEY and not webhook.function_key
    return Finding(check, Verdict.UNKNOWN if is_open else Verdict.WRONG, seen, fix, symptom, response.milliseconds)


def check_cors(webhook: Webhook, validation: Finding) -> Finding:
    """Return whether the question reaches the app also in the form that a browser would send before a request.

    Where the service's own form is answered, nothing is broken, but the site has CORS entries that nothing here needs.
    """
    check, asked = (
        "webhook.cors",
        f"{webhook.shown('OPTIONS', 'validate')} with Origin and Access-Control-Request-Method",
    )
    try:
        answer = webhook.ask(webhook.origin_host, Origin=PAGE_ORIGIN, Access_Control_Request_Method="POST")
    except NoAnswer as problem:
        return silence(check, asked, problem)
    response, is_valid = answer.response, validation.verdict is Verdict.OK
    if is_allowed(response, webhook.origin_host):
        return Finding(check, Verdict.OK, f"{asked}: the app answered", milliseconds=response.milliseconds)
    if answer.answerer is Answerer.ACCEPTED and not response.header(ALLOWED_ORIGIN):
        seen = f"{asked}: {response.status} without {ALLOWED_ORIGIN}, so it never reached the app"
        verdict = Verdict.UNKNOWN if is_valid else Verdict.WRONG
        return Finding(check, verdict, seen, REMOVE_CORS, Symptom.NO_ORIGIN_HEADER, response.milliseconds)
    if not is_valid:
        return not_asked(check, "webhook.validation is not ok")
    seen = webhook.redact(f"{asked}: {answer.shown}")
    return Finding(check, Verdict.UNKNOWN, seen, REMOVE_CORS, Symptom.NO_ORIGIN_HEADER, response.milliseconds)


def check_foreign_origin(webhook: Webhook, validation: Finding) -> Finding:
    """Return whether a service that is not ours may not deliver here."""
    check, asked = "webhook.foreign_origin", f"{webhook.shown('OPTIONS', 'validate')} for {FOREIGN_ORIGIN}"
    if validation.verdict is not Verdict.OK:
        return not_asked(check, "webhook.validation is not ok")
    try:
        answer = webhook.ask(FOREIGN_ORIGIN)
    except NoAnswer as problem:
        return silence(check, asked, problem)
    response, seen = answer.response, webhook.redact(f"{asked}: {answer.shown}")
    if not is_allowed(response, FOREIGN_ORIGIN):
        return Finding(check, Verdict.OK, seen, milliseconds=response.milliseconds)
    fix = "any service may register this webhook: leave ChatAllowedOrigins unset, or name the service's host"
    seen += f", {ALLOWED_ORIGIN} {response.header(ALLOWED_ORIGIN)}"
    return Finding(check, Verdict.WRONG, seen, fix, Symptom.SETTING, response.milliseconds)


def check_several_origins(webhook: Webhook, validation: Finding) -> Finding:
    """Return whether the question is answered as it comes from a service with replicas or a custom domain.

    It then names several hosts, with a space after the comma or without, and takes only one of them as an answer.
    """
    check = "webhook.several_origins"
    if validation.verdict is not Verdict.OK:
        return not_asked(check, "webhook.validation is not ok")
    milliseconds = 0.0
    for origins in (f"{REPLICA_ORIGIN}, {webhook.origin_host}", f"{REPLICA_ORIGIN},{webhook.origin_host}"):
        asked = f"{webhook.shown('OPTIONS', 'validate')} for {origins!r}"
        try:
            answer = webhook.ask(origins)
        except NoAnswer as problem:
            return silence(check, asked, problem)
        milliseconds += answer.response.milliseconds
        if not is_allowed(answer.response, webhook.origin_host):
            found = ", ".join(answer.response.header_lines(ALLOWED_ORIGIN)) or "none"
            seen = f"{asked}: {answer.shown}, {ALLOWED_ORIGIN} {found}"
            fix = "split the origins at commas, trim them, and answer the single one that is allowed"
            return Finding(check, Verdict.WRONG, webhook.redact(seen), fix, Symptom.ADDRESS_REFUSED, milliseconds)
    seen = f"{webhook.shown('OPTIONS', 'validate')} for two origins, with a space and without: answered with one"
    return Finding(check, Verdict.OK, seen, milliseconds=milliseconds)


def silence(check: str, asked: str, problem: NoAnswer) -> Finding:
    """Return that a question had no answer, where an earlier one had."""
    fix = "ask again: the app answered a moment ago; its log says more"
    return Finding(check, Verdict.UNKNOWN, f"{asked}: {problem}", fix, Symptom.EVENTS_FAIL)


def not_asked(check: str, reason: str) -> Finding:
    """Return that a question makes no sense before another finding is mended."""
    return Finding(check, Verdict.UNKNOWN, f"not judged: {reason}", "mend webhook.validation first")
